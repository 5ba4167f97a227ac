"""Bots, their settings and logs."""

import uuid
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from accounts.reseller_filters import CustomersResellerFilter
from bots import queries
from bots.models import (
    BotCommand,
    BotInstance,
    BotLog,
    BotSettings,
    BotState,
    GuardBreach,
    LogLevel,
    SettingsChange,
)
from bots.services import releases
from smarttrader.lib import clock, newest
from smarttrader.lib.actors import ActorType
from smarttrader.lib.admin import (
    MOST_HITS,
    KeysetAdmin,
    ReadOnlyAdmin,
    staff_actor,
)
from smarttrader.lib.admin_audit import AuditAdmin
from smarttrader.lib.admin_forms import ConfirmForm, asking
from smarttrader.lib.admin_json import words
from smarttrader.lib.attention import AttentionFilter, Figure, Text, list_of
from smarttrader.lib.badges import Tone, badge, badge_column
from smarttrader.lib.keyset import Place

TONES: dict[BotState, Tone] = {
    BotState.ONLINE: "ok",
    BotState.SLOW: "caution",
    BotState.OFFLINE: "bad",
    BotState.PAUSED: "caution",
    BotState.ERROR: "bad",
}
LEVEL = badge_column(
    "log_level",
    _("log level"),
    {LogLevel.INFO: "info", LogLevel.WARNING: "caution", LogLevel.ERROR: "bad"},
)


def _release(request: HttpRequest, bot: BotInstance, _told: dict[str, Any]) -> None:
    releases.release(bot=bot, actor=staff_actor(request), now=clock.now())


class OnlineFilter(admin.SimpleListFilter):
    """Keeps the bots that were heard of lately."""

    title = _("connection")
    parameter_name = "connection"
    ONLINE = "online"

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, Text]]:
        return [(self.ONLINE, _("Online"))]

    def queryset(
        self, _request: HttpRequest, queryset: "QuerySet[Any]"
    ) -> "QuerySet[Any]":
        if self.value() is None:
            return queryset
        if self.value() != self.ONLINE:
            raise BadRequest(self.parameter_name)
        bots: Any = queryset
        online: QuerySet[Any] = bots.online(clock.now())
        return online


@admin.register(BotInstance)
class BotInstanceAdmin(ReadOnlyAdmin[BotInstance]):
    list_display = (
        *("instance_name", "user", "mt4_account"),
        *("state", "last_heartbeat", "source"),
    )
    list_filter = (
        AttentionFilter,
        OnlineFilter,
        "source",
        "status",
        "is_live",
        CustomersResellerFilter,
    )
    list_select_related = ("user",)
    attention = _("Fallen silent")
    search_fields = ("instance_name", "mt4_account", "user__email", "license__exact")
    search_help_text = _("Name, account number, owner's e-mail or a license's id")
    ordering = ("-created_at",)
    actions = ("release",)

    @admin.display(description=_("state"))
    def state(self, bot: BotInstance) -> SafeString:
        """Return how the bot is doing, as its owner's pages show it."""
        state = bot.state(clock.now())
        return badge(state.label, TONES.get(state, ""))

    def figures(self, request: HttpRequest, now: datetime) -> list[Figure]:
        bots: Any = self.visible_rows(request)
        address = list_of(self, connection=OnlineFilter.ONLINE)
        return [Figure(_("Bots online"), bots.online(now).count(), address)]

    def hits(self, request: HttpRequest, text: str) -> list[BotInstance]:
        return queries.bots_found(signed_in(request), text)[:MOST_HITS]

    def has_release_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bots.change_botinstance")

    release = asking(
        "release",
        _("Release the account"),
        _release,
        form_class=ConfirmForm,
        warning=_("Its tokens end: the EA is refused until it activates again."),
        permission="release",
    )


@admin.register(BotSettings)
class BotSettingsAdmin(ReadOnlyAdmin[BotSettings]):
    list_display = (
        "bot_instance",
        "risk_percentage",
        "max_daily_loss",
        "limits_currency",
        "auto_trade",
    )
    list_select_related = ("bot_instance",)
    search_fields = ("bot_instance__instance_name", "bot_instance__mt4_account")
    ordering = ("-created_at",)


@admin.register(SettingsChange)
class SettingsChangeAdmin(AuditAdmin[SettingsChange]):
    list_display = ("at", "bot_instance", "version", "actor_type", "changed")
    list_filter = ("actor_type",)
    list_select_related = ("bot_instance",)
    search_fields = ("bot_instance__mt4_account", "bot_instance__user__email")
    search_help_text = _("Account number or owner's e-mail")
    apart = {"actor_type": ActorType.values}

    def found_by(
        self,
        request: HttpRequest,
        rows: "QuerySet[SettingsChange]",
        word: str,
        limit: int,
    ) -> list[SettingsChange]:
        bots = queries.bots_found(signed_in(request), word)
        each = {"bot_instance": [bot.pk for bot in bots]}
        return newest.newest_of_each(rows, each, self.moment, limit)

    def looked_after(self, request: HttpRequest) -> dict[str, list[uuid.UUID]]:
        bots = BotInstance.objects.visible_to(signed_in(request))
        return {"bot_instance": list(bots.values_list("pk", flat=True))}

    @admin.display(description=_("changed"))
    def changed(self, change: SettingsChange) -> str:
        """Return the names alone; before and after stand on the row's page."""
        return ", ".join(words(name) for name in sorted(change.after))


@admin.register(BotCommand)
class BotCommandAdmin(ReadOnlyAdmin[BotCommand]):
    list_display = (
        "queued_at",
        "bot_instance",
        "command",
        "delivered_at",
        "acknowledged_at",
        "superseded_at",
    )
    list_filter = ("command",)
    list_select_related = ("bot_instance",)
    search_fields = ("bot_instance__instance_name", "bot_instance__mt4_account")
    ordering = ("-queued_at",)


@admin.register(GuardBreach)
class GuardBreachAdmin(ReadOnlyAdmin[GuardBreach]):
    list_display = (
        "at",
        "bot_instance",
        "kind",
        "broker_day",
        "figure",
        "allowed",
        "currency",
        "outcome",
        "lifted_at",
    )
    list_filter = ("kind", "outcome", "lifted_by_type")
    list_select_related = ("bot_instance",)
    search_fields = ("bot_instance__instance_name", "bot_instance__mt4_account")
    ordering = ("-at",)


@admin.register(BotLog)
class BotLogAdmin(KeysetAdmin[BotLog]):
    list_display = ("created_at", "bot_instance", LEVEL, "category", "message")
    list_filter = ("log_level", "category")
    list_select_related = ("bot_instance",)
    search_fields = ("bot_instance__mt4_account",)
    search_help_text = _("Account number or owner's e-mail")
    moment = "created_at"
    ordering = ("-created_at",)

    def found(
        self,
        request: HttpRequest,
        matching: "QuerySet[BotLog]",
        words: list[str],
        *,
        after: Place | None,
        limit: int,
    ) -> list[BotLog]:
        bots = queries.bots_found(signed_in(request), words[0])
        if not bots:
            return []
        return queries.newest_logs(
            bots, matching, limit=limit, after=after, now=clock.now()
        )
