"""The back office's view of licenses and their accounts, bots, settings and logs."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from bots.models import (
    BotCommand,
    BotInstance,
    BotLog,
    BotSettings,
    SettingsChange,
)
from bots.services import releases
from licensing.models import License
from smarttrader.lib import clock
from smarttrader.lib.admin import PartitionedAdmin, ReadOnlyAdmin, staff_actor


@admin.register(License)
class LicenseAdmin(ReadOnlyAdmin[License]):
    """Not found by its whole key: a search stands in the address of the page."""

    list_display = ("masked_key", "user", "license_type", "status", "expires_at")
    list_filter = ("license_type", "status")
    list_select_related = ("user",)
    search_fields = ("user__email", "key_tail", "bot_instances__mt4_account")
    search_help_text = "Owner's e-mail, account number or the key's last characters"
    ordering = ("-issued_at",)
    exclude = ("license_key",)


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
        description="Release the account and end its tokens", permissions=["release"]
    )
    def release(self, request: HttpRequest, queryset: "QuerySet[BotInstance]") -> None:
        now = clock.now()
        actor = staff_actor(request)
        released = sum(
            releases.release(bot=bot, actor=actor, now=now) for bot in queryset
        )
        self.message_user(request, f"{released} of {len(queryset)} bots released.")


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
    ordering = ("-created_at",)
