"""JSON clients: what bots wrote into their logs."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters.rest_framework import FilterSet
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from bots import queries
from bots.models import BotLog
from smarttrader.lib.api.fields import ObjectField
from smarttrader.lib.api.filters import LeftToTheQuery, MomentFilter
from smarttrader.lib.api.resources import Resources
from smarttrader.lib.keyset import Place


class LogSerializer(serializers.ModelSerializer[BotLog]):
    bot = serializers.UUIDField(source="bot_instance_id")
    metadata = ObjectField()

    class Meta:
        model = BotLog
        fields = [
            "id",
            "bot",
            "log_level",
            "category",
            "message",
            "metadata",
            "created_at",
        ]


class LogFilter(FilterSet):  # type: ignore[misc]
    bot = LeftToTheQuery()
    created_from = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = BotLog
        fields = ["log_level", "category"]


class Logs(ListModelMixin, Resources[BotLog]):
    """Log lines of the last 90 days, the newest first."""

    queryset = BotLog.objects.all()
    serializer_class = LogSerializer
    filterset_class = LogFilter
    moment_field = "created_at"
    refusals: ClassVar = {"list": [queries.BotNotFound, queries.TooManyBots]}

    def get_queryset(self) -> QuerySet[BotLog]:
        return BotLog.objects.all()  # scoped by the bots that are read

    def newest(
        self, rows: QuerySet[BotLog], *, limit: int, after: Place | None
    ) -> Sequence[Any]:
        bots = queries.bots_to_list(self.caller, self.chosen["bot"])
        return queries.newest_logs(bots, rows, limit=limit, after=after, now=self.now)
