"""The back office's view of trades and statements."""

from django.contrib import admin

from smarttrader.lib.admin import PartitionedAdmin, ReadOnlyAdmin
from trading.models import StatementImport, Trade, TradeHistory


@admin.register(Trade)
class TradeAdmin(PartitionedAdmin[Trade]):
    list_display = (
        "ticket_number",
        "bot_instance",
        "symbol",
        "trade_type",
        "lot_size",
        "status",
        "opened_at",
        "net_profit",
    )
    list_filter = ("status", "trade_type")
    list_select_related = ("bot_instance",)
    search_fields = ("=ticket_number", "=bot_instance__mt4_account")
    ordering = ("-opened_at",)


@admin.register(TradeHistory)
class TradeHistoryAdmin(PartitionedAdmin[TradeHistory]):
    list_display = ("recorded_at", "trade_id", "current_price", "unrealized_profit")
    search_fields = ("=trade__ticket_number",)
    ordering = ("-recorded_at",)


@admin.register(StatementImport)
class StatementImportAdmin(ReadOnlyAdmin[StatementImport]):
    list_display = ("created_at", "user", "file_name", "mt4_account", "trades")
    list_select_related = ("user",)
    search_fields = ("user__email", "mt4_account", "file_name")
    ordering = ("-created_at",)
