"""JSON clients: trades, their prices while they were open, and all of them as CSV."""

from collections.abc import Sequence
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django_filters.rest_framework import FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request

from bots.queries import BotNotFound, TooManyBots, bots_to_list
from smarttrader.lib import spreadsheets
from smarttrader.lib.api.filters import LeftToTheQuery, MomentFilter
from smarttrader.lib.api.resources import ReadableResources, Resources
from smarttrader.lib.keyset import Place
from trading import queries
from trading.filters import LOST, WON, keep_result
from trading.models import Trade, TradeHistory
from trading.tables import csv_lines


class TradeSerializer(serializers.ModelSerializer[Trade]):
    """A trade; money is in `currency`. `net_profit` is profit + commission + swap."""

    bot = serializers.UUIDField(source="bot_instance_id")
    currency = serializers.CharField(source="bot_instance.account_currency")
    net_profit = serializers.DecimalField(11, 2, allow_null=True)

    class Meta:
        model = Trade
        fields = [
            "id",
            "bot",
            "ticket_number",
            "symbol",
            "trade_type",
            "status",
            "lot_size",
            "open_price",
            "close_price",
            "stop_loss",
            "take_profit",
            "commission",
            "swap",
            "profit",
            "net_profit",
            "currency",
            "profit_percentage",
            "strategy_used",
            "magic_number",
            "comment",
            "continued_from",
            "opened_at",
            "closed_at",
            "duration_seconds",
            "created_at",
            "updated_at",
        ]


class TradeFilter(FilterSet):  # type: ignore[misc]
    """`ticket` is left to the query, which finds it by its own index."""

    bot = LeftToTheQuery()
    ticket = django_filters.CharFilter(max_length=50, method="leave")
    symbol = django_filters.CharFilter(lookup_expr="iexact", max_length=20)
    strategy = django_filters.CharFilter(field_name="strategy_used", max_length=50)
    result = django_filters.ChoiceFilter(
        choices=[(WON, "Won"), (LOST, "Lost")], method="keep_result"
    )
    opened_from = MomentFilter(field_name="opened_at", lookup_expr="gte")
    opened_before = MomentFilter(field_name="opened_at", lookup_expr="lt")
    closed_from = MomentFilter(field_name="closed_at", lookup_expr="gte")
    closed_before = MomentFilter(field_name="closed_at", lookup_expr="lt")

    class Meta:
        model = Trade
        fields = ["trade_type", "status"]

    def leave(self, rows: QuerySet[Trade], _name: str, _value: Any) -> QuerySet[Trade]:
        return rows

    def keep_result(
        self, rows: QuerySet[Trade], _name: str, value: str
    ) -> QuerySet[Trade]:
        return keep_result(rows, value)


class Trades(ReadableResources[Trade]):
    """Trades: those that are open first, then by the time at which they closed."""

    queryset = Trade.objects.select_related("bot_instance")
    serializer_class = TradeSerializer
    filterset_class = TradeFilter
    moment_field = "closed_at"
    is_moment_optional = True
    filtered_actions = ("list", "export")
    refusals: ClassVar = {
        "list": [BotNotFound, TooManyBots],
        "export": [BotNotFound, TooManyBots],
    }

    def get_queryset(self) -> QuerySet[Trade]:
        if self.action in self.filtered_actions:
            return Trade.objects.all()  # scoped by the bots that are read
        return super().get_queryset()

    def get_object(self) -> Trade:
        rows: Any = self.get_queryset()
        trade: Trade = get_object_or_404(rows.with_id(self.kwargs["pk"]))
        return trade

    def newest(
        self, rows: QuerySet[Trade], *, limit: int, after: Place | None
    ) -> Sequence[Trade]:
        bots = bots_to_list(self.caller, self.chosen["bot"])
        return queries.newest_trades(
            bots, rows, limit=limit, after=after, ticket=self.chosen["ticket"]
        )

    @extend_schema(
        operation_id="trades_export",
        filters=True,
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def export(self, _request: Request) -> HttpResponseBase:
        """All trades that the filters leave, as a file that a spreadsheet opens."""
        rows = self.filter_queryset(self.get_queryset())
        bots = bots_to_list(self.caller, self.chosen["bot"])
        trades = queries.all_trades(bots, rows, ticket=self.chosen["ticket"])
        return spreadsheets.download("trades.csv", csv_lines(trades))


class TickSerializer(serializers.ModelSerializer[TradeHistory]):
    class Meta:
        model = TradeHistory
        fields = ["id", "current_price", "unrealized_profit", "recorded_at"]


class TickFilter(FilterSet):  # type: ignore[misc]
    recorded_from = MomentFilter(field_name="recorded_at", lookup_expr="gte")
    recorded_before = MomentFilter(field_name="recorded_at", lookup_expr="lt")

    class Meta:
        model = TradeHistory
        fields: ClassVar[list[str]] = []


class Ticks(ListModelMixin, Resources[TradeHistory]):
    """The prices of one trade while it was open, the newest first."""

    queryset = TradeHistory.objects.all()
    serializer_class = TickSerializer
    filterset_class = TickFilter
    moment_field = "recorded_at"

    def get_queryset(self) -> QuerySet[TradeHistory]:
        return TradeHistory.objects.all()  # scoped by the trade that is read

    def newest(
        self, rows: QuerySet[TradeHistory], *, limit: int, after: Place | None
    ) -> Sequence[TradeHistory]:
        visible: Any = Trade.objects.visible_to(self.caller)
        trade = get_object_or_404(visible.with_id(self.kwargs["pk"]))
        return queries.newest_ticks(trade, rows, limit=limit, after=after)
