"""Bots, their settings and logs."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from bots import queries
from bots.models import (
    BotCommand,
    BotInstance,
    BotLog,
    BotSettings,
    SettingsChange,
)
from bots.services import releases
from smarttrader.lib import clock
from smarttrader.lib.admin import (
    PartitionedAdmin,
    ReadOnlyAdmin,
    rows_between,
    staff_actor,
)


@admin.register(BotInstance)
class BotInstanceAdmin(ReadOnlyAdmin[BotInstance]):
    list_display = ("instance_name", "user", "mt4_account", "source", "status")
    list_filter = ("source", "status", "is_live")
    list_select_related = ("user",)
    search_fields = ("instance_name", "mt4_account", "user__email")
    ordering = ("-created_at",)
    actions = ("release",)

    def has_release_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bots.change_botinstance")

    @admin.action(
        description=_("Release the account and end its tokens"), permissions=["release"]
    )
    def release(self, request: HttpRequest, queryset: "QuerySet[BotInstance]") -> None:
        now = clock.now()
        actor = staff_actor(request)
        released = sum(
            releases.release(bot=bot, actor=actor, now=now) for bot in queryset
        )
        self.message_user(
            request,
            _("%(released)s of %(all)s bots released.")
            % {"released": released, "all": len(queryset)},
        )


@admin.register(BotSettings)
class BotSettingsAdmin(ReadOnlyAdmin[BotSettings]):
    list_display = ("bot_instance", "risk_percentage", "max_daily_loss", "auto_trade")
    list_select_related = ("bot_instance",)
    search_fields = ("bot_instance__instance_name", "bot_instance__mt4_account")
    ordering = ("-created_at",)


@admin.register(SettingsChange)
class SettingsChangeAdmin(ReadOnlyAdmin[SettingsChange]):
    list_display = ("at", "bot_instance", "version", "actor_type", "after")
    list_filter = ("actor_type",)
    list_select_related = ("bot_instance",)
    search_fields = ("bot_instance__instance_name", "bot_instance__mt4_account")
    ordering = ("-at",)


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


@admin.register(BotLog)
class BotLogAdmin(PartitionedAdmin[BotLog]):
    list_display = ("created_at", "bot_instance", "log_level", "category", "message")
    list_filter = ("log_level", "category")
    list_select_related = ("bot_instance",)
    search_fields = ("bot_instance__mt4_account",)
    search_help_text = _("Account number or owner's e-mail")
    ordering = ("-created_at",)

    def found(
        self, request: HttpRequest, matching: "QuerySet[BotLog]", words: list[str]
    ) -> "QuerySet[BotLog]":
        bots = queries.bots_found(signed_in(request), words[0])
        if not bots:
            return matching.none()
        lines = queries.newest_logs(
            bots,
            matching,
            limit=self.MOST,
            after=None,
            now=clock.now(),
        )
        return rows_between(matching, lines, "created_at")
