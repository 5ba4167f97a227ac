"""JSON clients: what closed trades amount to, by hour, day, week or month."""

from collections.abc import Sequence
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import FilterSet
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from analytics.models import MetricType, PerformanceMetric
from analytics.queries import performance
from bots.queries import BotNotFound, TooManyBots, bots_to_list
from smarttrader.lib.api.filters import LeftToTheQuery, MomentFilter
from smarttrader.lib.api.resources import Resources
from smarttrader.lib.keyset import Place


class MetricSerializer(serializers.ModelSerializer[PerformanceMetric]):
    """The figures of one bot and period, as docs/metrics.md defines them.

    A `profit_factor` of 0 with `is_without_losses` means that nothing was lost.
    """

    bot = serializers.UUIDField(source="bot_instance_id")
    currency = serializers.CharField(source="bot_instance.account_currency")
    break_even_trades = serializers.IntegerField()
    is_without_losses = serializers.BooleanField()

    class Meta:
        model = PerformanceMetric
        fields = [
            "id",
            "bot",
            "currency",
            "metric_type",
            "period_start",
            "period_end",
            "total_trades",
            "winning_trades",
            "losing_trades",
            "break_even_trades",
            "gross_profit",
            "gross_loss",
            "net_profit",
            "win_rate",
            "profit_factor",
            "is_without_losses",
            "max_drawdown",
            "avg_win",
            "avg_loss",
            "largest_win",
            "largest_loss",
            "sharpe_ratio",
        ]


class MetricFilter(FilterSet):  # type: ignore[misc]
    bot = LeftToTheQuery()
    metric_type = django_filters.ChoiceFilter(choices=MetricType.choices, required=True)
    period_from = MomentFilter(field_name="period_start", lookup_expr="gte")
    period_before = MomentFilter(field_name="period_start", lookup_expr="lt")

    class Meta:
        model = PerformanceMetric
        fields: ClassVar[list[str]] = []


class Metrics(ListModelMixin, Resources[PerformanceMetric]):
    """Metrics of one type, the latest period first."""

    queryset = PerformanceMetric.objects.all()
    serializer_class = MetricSerializer
    filterset_class = MetricFilter
    moment_field = "period_start"
    refusals: ClassVar = {"list": [BotNotFound, TooManyBots]}

    def get_queryset(self) -> QuerySet[PerformanceMetric]:
        return PerformanceMetric.objects.all()  # scoped by the bots that are read

    def newest(
        self, rows: QuerySet[PerformanceMetric], *, limit: int, after: Place | None
    ) -> Sequence[Any]:
        bots = bots_to_list(self.caller, self.chosen["bot"])
        return performance.newest_metrics(bots, rows, limit=limit, after=after)
