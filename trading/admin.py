"""The back office's view of trades and statements."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from accounts.templatetags.ui import signed_money
from bots.models import BotInstance
from bots.queries import bots_found
from smarttrader.lib.admin import (
    MOST_HITS,
    KeysetAdmin,
    ReadOnlyAdmin,
)
from smarttrader.lib.badges import badge_column
from smarttrader.lib.keyset import Place
from trading import queries
from trading.models import StatementImport, Trade, TradeHistory, TradeStatus

STATUS = badge_column("status", _("status"), {TradeStatus.OPEN: "info"})


@admin.register(Trade)
class TradeAdmin(KeysetAdmin[Trade]):
    list_display = (
        "ticket_number",
        "bot_instance",
        "symbol",
        "trade_type",
        "lot_size",
        STATUS,
        "opened_at",
        "net",
    )
    list_filter = ("status", "trade_type", "opened_at")
    list_select_related = ("bot_instance",)
    moment = "closed_at"
    search_fields = ("ticket_number",)
    search_help_text = _("Account number or owner's e-mail, then a ticket if you like")
    ordering = ("-opened_at",)

    @admin.display(description=_("net profit"))
    def net(self, trade: Trade) -> str | None:
        if trade.net_profit is None:
            return None
        currency = trade.bot_instance.account_currency
        return f"{signed_money(trade.net_profit, currency)} {currency}"

    def hits(self, request: HttpRequest, text: str) -> list[Trade]:
        if not text.isdecimal():
            return []
        bots = BotInstance.objects.visible_to(signed_in(request))
        return queries.trades_of_ticket(bots, text, limit=MOST_HITS)

    def found(
        self,
        request: HttpRequest,
        matching: "QuerySet[Trade]",
        words: list[str],
        *,
        after: Place | None,
        limit: int,
    ) -> list[Trade]:
        bots = bots_found(signed_in(request), words[0])
        if not bots:
            return []
        ticket = "".join(words[1:2])
        return queries.newest_trades(
            bots, matching, limit=limit, after=after, ticket=ticket
        )


@admin.register(TradeHistory)
class TradeHistoryAdmin(KeysetAdmin[TradeHistory]):
    list_display = ("recorded_at", "trade_id", "current_price", "unrealized_profit")
    moment = "recorded_at"
    search_fields = ("trade__ticket_number",)
    search_help_text = _("Account number and ticket")
    ordering = ("-recorded_at",)

    def found(
        self,
        request: HttpRequest,
        matching: "QuerySet[TradeHistory]",
        words: list[str],
        *,
        after: Place | None,
        limit: int,
    ) -> list[TradeHistory]:
        bots = bots_found(signed_in(request), words[0])
        if not bots:
            return []
        trades = queries.newest_trades(
            bots, Trade.objects.all(), limit=1, ticket=words[-1]
        )
        if not trades:
            return []
        # Of one trade, which the search has found in the scope already.
        ticks = TradeHistory.objects.all()
        return queries.newest_ticks(trades[0], ticks, limit=limit, after=after)


@admin.register(StatementImport)
class StatementImportAdmin(ReadOnlyAdmin[StatementImport]):
    list_display = ("created_at", "user", "file_name", "mt4_account", "trades")
    list_select_related = ("user",)
    search_fields = ("user__email", "mt4_account", "file_name")
    ordering = ("-created_at",)
