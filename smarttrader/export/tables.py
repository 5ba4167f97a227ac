"""What belongs to a user, table by table."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.db.models import Q, QuerySet

from accounts.models import AuthEvent, User
from analytics.models import (
    EquityHour,
    PerformanceMetric,
    PublicTrackRecord,
    StatementCheck,
)
from billing.models import (
    CreditNote,
    Invoice,
    Payment,
    Renewal,
    Subscription,
    SubscriptionEvent,
)
from bots.models import (
    BotCommand,
    BotInstance,
    BotLog,
    BotSettings,
    GuardBreach,
    SettingsChange,
)
from licensing.models import License, LicenseEvent
from notifications.models import (
    Delivery,
    Digest,
    DigestChoice,
    Notification,
    Preference,
    TelegramChat,
    WebhookEndpoint,
)
from trading.models import StatementImport, Trade, TradeHistory

# Secrets, what opens something, and what tells of others.
LEFT_OUT = {
    User: {
        "password",
        "session_version",
        "is_superuser",
        "reseller",
        "follows_trades",
    },
    UserSession: {"session_key", "data"},
    AuthEvent: {"request_id"},
    License: {"license_key", "hardware_id", "last_event_hash"},
    LicenseEvent: {"actor_id", "ip", "request_id", "prev_hash", "hash"},
    BotInstance: {"hardware_id_hmac", "token_version"},
    BotCommand: {"queued_by"},
    GuardBreach: {"lifted_by"},
    SettingsChange: {"actor_id"},
    SubscriptionEvent: {"actor_id"},
    # What a message said is in the inbox.
    Delivery: {"text", "html", "payload", "idempotency_key"},
    WebhookEndpoint: {"secret", "former_secret"},
    PerformanceMetric: {"sum_of_squares", "peak", "trough"},
}


@dataclass(frozen=True, slots=True)
class Table:
    """One file's content: rows in no order, each as `columns` names its values."""

    name: str
    rows: "QuerySet[Any]"

    @property
    def columns(self) -> list[str]:
        model = self.rows.model
        left_out = LEFT_OUT.get(model, set())
        fields = model._meta.concrete_fields
        return [field.attname for field in fields if field.name not in left_out]

    def values(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows through a server-side cursor: memory stays flat."""
        yield from self.rows.values_list(*self.columns).iterator(chunk_size=2000)


def tables_of(user: User) -> list[Table]:
    """Return everything that is the user's own."""
    bots = list(BotInstance.objects.filter(user=user).values_list("pk", flat=True))

    def of_bots(model: Any) -> "QuerySet[Any]":
        rows: QuerySet[Any] = model.objects.filter(bot_instance_id__in=bots)
        return rows

    ticks = TradeHistory.objects.filter(trade__bot_instance_id__in=bots)
    # What others did to them tells of the others.
    own_deeds = Q(actor_id=None) | Q(actor_id=user.pk)
    return [
        Table("account", User.objects.filter(pk=user.pk)),
        Table("email_addresses", EmailAddress.objects.filter(user=user)),
        Table("sessions", UserSession.objects.filter(user=user)),
        Table("account_events", AuthEvent.objects.filter(own_deeds, user_id=user.pk)),
        Table("licenses", License.objects.filter(user=user)),
        Table("license_events", LicenseEvent.objects.filter(owner_id=user.pk)),
        Table("subscriptions", Subscription.objects.filter(user=user)),
        Table(
            "subscription_events",
            SubscriptionEvent.objects.filter(user_id=user.pk),
        ),
        Table("renewals", Renewal.objects.filter(subscription__user=user)),
        Table("payments", Payment.objects.filter(user_id=user.pk)),
        Table("invoices", Invoice.objects.filter(user_id=user.pk)),
        Table("credit_notes", CreditNote.objects.filter(user_id=user.pk)),
        Table("bots", BotInstance.objects.filter(user=user)),
        Table("bot_settings", of_bots(BotSettings)),
        Table("bot_settings_changes", of_bots(SettingsChange)),
        Table("bot_commands", of_bots(BotCommand)),
        Table("guard_breaches", of_bots(GuardBreach)),
        Table("bot_logs", of_bots(BotLog)),
        Table("trades", of_bots(Trade)),
        Table("trade_history", ticks),
        Table("performance_metrics", of_bots(PerformanceMetric)),
        Table("equity_hours", of_bots(EquityHour)),
        Table("public_track_records", of_bots(PublicTrackRecord)),
        Table("statements", StatementImport.objects.filter(user=user)),
        Table(
            "statement_checks",
            StatementCheck.objects.filter(statement_import__user=user),
        ),
        Table("notifications", Notification.objects.filter(user=user)),
        Table("digest_choices", DigestChoice.objects.filter(user=user)),
        Table("digests", Digest.objects.filter(user=user)),
        Table("notification_preferences", Preference.objects.filter(user=user)),
        Table("telegram_chats", TelegramChat.objects.filter(user=user)),
        Table("webhook_endpoints", WebhookEndpoint.objects.filter(user=user)),
        Table("deliveries", Delivery.objects.filter(user=user)),
    ]
