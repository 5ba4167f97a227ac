"""The back office's view of trades and statements."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from bots.queries import bots_found
from smarttrader.lib.admin import PartitionedAdmin, ReadOnlyAdmin, rows_between
from trading import queries
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
    list_filter = ("status", "trade_type", "opened_at")
    list_select_related = ("bot_instance",)
    search_fields = ("ticket_number",)
    search_help_text = _("Account number or owner's e-mail, then a ticket if you like")
    ordering = ("-opened_at",)

    def found(
        self, request: HttpRequest, matching: "QuerySet[Trade]", words: list[str]
    ) -> "QuerySet[Trade]":
        bots = bots_found(signed_in(request), words[0])
        if not bots:
            return matching.none()
        newest = queries.newest_trades(
            bots, matching, limit=self.MOST, ticket="".join(words[1:2])
        )
        return rows_between(matching, newest, "opened_at")


@admin.register(TradeHistory)
class TradeHistoryAdmin(PartitionedAdmin[TradeHistory]):
    list_display = ("recorded_at", "trade_id", "current_price", "unrealized_profit")
    search_fields = ("trade__ticket_number",)
    search_help_text = _("Account number and ticket")
    ordering = ("-recorded_at",)

    def found(
        self, request: HttpRequest, matching: "QuerySet[TradeHistory]", words: list[str]
    ) -> "QuerySet[TradeHistory]":
        bots = bots_found(signed_in(request), words[0])
        if not bots:
            return matching.none()
        trades = queries.newest_trades(
            bots, Trade.objects.all(), limit=1, ticket=words[-1]
        )
        if not trades:
            return matching.none()
        ticks = queries.newest_ticks(
            trades[0], TradeHistory.objects.all(), limit=self.MOST
        )
        return rows_between(matching, ticks, "recorded_at")


@admin.register(StatementImport)
class StatementImportAdmin(ReadOnlyAdmin[StatementImport]):
    list_display = ("created_at", "user", "file_name", "mt4_account", "trades")
    list_select_related = ("user",)
    search_fields = ("user__email", "mt4_account", "file_name")
    ordering = ("-created_at",)
