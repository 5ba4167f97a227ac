"""The back office's view of bots, their settings and logs."""

from django.contrib import admin

from bots.models import BotInstance, BotLog, BotSettings
from smarttrader.lib.admin import PartitionedAdmin, ReadOnlyAdmin


@admin.register(BotInstance)
class BotInstanceAdmin(ReadOnlyAdmin[BotInstance]):
    list_display = ("instance_name", "user", "mt4_account", "source", "status")
    list_filter = ("source", "status", "is_live")
    list_select_related = ("user",)
    search_fields = ("instance_name", "mt4_account", "user__email")
    ordering = ("-created_at",)


@admin.register(BotSettings)
class BotSettingsAdmin(ReadOnlyAdmin[BotSettings]):
    list_display = ("bot_instance", "risk_percentage", "max_daily_loss", "auto_trade")
    list_select_related = ("bot_instance",)
    search_fields = ("bot_instance__instance_name", "bot_instance__mt4_account")
    ordering = ("-created_at",)


@admin.register(BotLog)
class BotLogAdmin(PartitionedAdmin[BotLog]):
    list_display = ("created_at", "bot_instance", "log_level", "category", "message")
    list_filter = ("log_level", "category")
    list_select_related = ("bot_instance",)
    search_fields = ("bot_instance__mt4_account",)
    ordering = ("-created_at",)
