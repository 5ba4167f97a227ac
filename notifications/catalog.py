"""What people may be told of, and by which channels unless they choose otherwise."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    INBOX = "inbox", _("Inbox")
    EMAIL = "email", _("E-mail")
    TELEGRAM = "telegram", _("Telegram")
    WEBHOOK = "webhook", _("Webhook")


class NotificationType(models.TextChoices):
    TRADE = "TRADE", _("Trade")
    ALERT = "ALERT", _("Alert")
    SYSTEM = "SYSTEM", _("System")
    ACCOUNT = "ACCOUNT", _("Account")


class Event(models.TextChoices):
    TRADE_OPENED = "trade_opened", _("A trade is opened")
    TRADE_CLOSED = "trade_closed", _("A trade is closed")
    STATEMENT_IMPORTED = "statement_imported", _("A statement is imported")

    BOT_OFFLINE = "bot_offline", _("A bot is offline")
    BOT_ONLINE = "bot_online", _("A bot is online again")
    ERROR_LOGGED = "error_logged", _("A bot logs an error")
    DAILY_LOSS = "daily_loss", _("A limit of the risk guard is passed")

    LICENSE_EXPIRING = "license_expiring", _("A license ends soon")
    LICENSE_EXPIRED = "license_expired", _("A license has expired")
    LICENSE_SUSPENDED = "license_suspended", _("A license is suspended")
    LICENSE_REINSTATED = "license_reinstated", _("A license works again")
    LICENSE_REVOKED = "license_revoked", _("A license is revoked")

    PAYMENT_FAILED = "payment_failed", _("A payment failed")
    PAYMENT_OVERDUE = "payment_overdue", _("A payment is overdue")
    PAYMENT_REFUNDED = "payment_refunded", _("A payment is refunded")
    PAYMENT_DISPUTED = "payment_disputed", _("A payment is disputed")
    SUBSCRIPTION_STARTED = "subscription_started", _("A subscription begins")
    SUBSCRIPTION_RENEWED = "subscription_renewed", _("A subscription is renewed")
    SUBSCRIPTION_UPGRADED = "subscription_upgraded", _("A plan is upgraded")
    DOWNGRADE_SCHEDULED = "downgrade_scheduled", _("A smaller plan is scheduled")
    SUBSCRIPTION_DOWNGRADED = "subscription_downgraded", _("A smaller plan begins")
    CYCLE_CHANGE_SCHEDULED = "cycle_change_scheduled", _("Another cycle is scheduled")
    CYCLE_CHANGED = "cycle_changed", _("Another cycle begins")
    CHANGE_UNDONE = "change_undone", _("A scheduled change is undone")
    SUBSCRIPTION_SUSPENDED = "subscription_suspended", _("A subscription is suspended")
    SUBSCRIPTION_EXPIRED = "subscription_expired", _("A subscription has expired")
    SUBSCRIPTION_CANCELLED = "subscription_cancelled", _("A subscription is cancelled")
    CANCELLATION_UNDONE = "cancellation_undone", _("A cancellation is undone")

    NEW_SIGN_IN = "new_sign_in", _("Somebody signs in from a new place")


TRADE_EVENTS = (Event.TRADE_OPENED, Event.TRADE_CLOSED)
# As the page groups them, and what they are in the inbox.
GROUPS = (
    (
        _("Trading"),
        NotificationType.TRADE,
        (*TRADE_EVENTS, Event.STATEMENT_IMPORTED),
    ),
    (
        _("Bots"),
        NotificationType.ALERT,
        (
            Event.BOT_OFFLINE,
            Event.BOT_ONLINE,
            Event.ERROR_LOGGED,
            Event.DAILY_LOSS,
        ),
    ),
    (
        _("Licenses"),
        NotificationType.ACCOUNT,
        (
            Event.LICENSE_EXPIRING,
            Event.LICENSE_EXPIRED,
            Event.LICENSE_SUSPENDED,
            Event.LICENSE_REINSTATED,
            Event.LICENSE_REVOKED,
        ),
    ),
    (
        _("Payments"),
        NotificationType.ACCOUNT,
        (
            Event.PAYMENT_FAILED,
            Event.PAYMENT_OVERDUE,
            Event.PAYMENT_REFUNDED,
            Event.PAYMENT_DISPUTED,
            Event.SUBSCRIPTION_STARTED,
            Event.SUBSCRIPTION_RENEWED,
            Event.SUBSCRIPTION_UPGRADED,
            Event.DOWNGRADE_SCHEDULED,
            Event.SUBSCRIPTION_DOWNGRADED,
            Event.CYCLE_CHANGE_SCHEDULED,
            Event.CYCLE_CHANGED,
            Event.CHANGE_UNDONE,
            Event.SUBSCRIPTION_SUSPENDED,
            Event.SUBSCRIPTION_EXPIRED,
            Event.SUBSCRIPTION_CANCELLED,
            Event.CANCELLATION_UNDONE,
        ),
    ),
    (_("Account"), NotificationType.SYSTEM, (Event.NEW_SIGN_IN,)),
)
TYPES = {event: type_ for _title, type_, events in GROUPS for event in events}

# These do not wait for the end of quiet hours: money or an account is at stake.
URGENT = frozenset(
    {
        Event.BOT_OFFLINE,
        Event.DAILY_LOSS,
        Event.LICENSE_SUSPENDED,
        Event.LICENSE_REVOKED,
        Event.NEW_SIGN_IN,
    }
)
# Good news that nobody needs in a mailbox.
_INBOX_ONLY = frozenset(
    {
        Event.STATEMENT_IMPORTED,
        Event.BOT_ONLINE,
        Event.DOWNGRADE_SCHEDULED,
        Event.CYCLE_CHANGE_SCHEDULED,
        Event.CHANGE_UNDONE,
        Event.CANCELLATION_UNDONE,
    }
)


def is_default(event: Event, channel: Channel) -> bool:
    """Tell whether somebody who chose nothing is told of an event by a channel.

    Of trades nobody is, since a busy bot makes hundreds; a webhook, whose receiver is
    a program, gets all the rest.
    """
    if event in TRADE_EVENTS:
        return False
    return channel in (Channel.INBOX, Channel.WEBHOOK) or event not in _INBOX_ONLY
