"""The back office's view of metrics."""

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from accounts.templatetags.ui import money, signed_money
from analytics.models import (
    MetricType,
    PerformanceMetric,
    PublicTrackRecord,
    RollupDirty,
    StatementCheck,
)
from analytics.queries.performance import newest_metrics
from bots.queries import bots_found
from smarttrader.lib.admin import KeysetAdmin, ReadOnlyAdmin, UncountedAdmin
from smarttrader.lib.attention import Figure, counts_of, list_of
from smarttrader.lib.keyset import Place


@admin.register(PerformanceMetric)
class PerformanceMetricAdmin(KeysetAdmin[PerformanceMetric]):
    list_display = (
        "period_start",
        "metric_type",
        "bot_instance",
        "total_trades",
        "net",
        "drawdown",
    )
    list_filter = ("metric_type",)
    list_select_related = ("bot_instance",)
    search_fields = ("bot_instance__mt4_account",)
    search_help_text = _("Account number or owner's e-mail; daily, unless you filter")
    ordering = ("-period_start",)
    moment = "period_start"

    @admin.display(description=_("net profit"))
    def net(self, metric: PerformanceMetric) -> str:
        currency = metric.bot_instance.account_currency
        return f"{signed_money(metric.net_profit, currency)} {currency}"

    @admin.display(description=_("max drawdown"))
    def drawdown(self, metric: PerformanceMetric) -> str:
        currency = metric.bot_instance.account_currency
        return f"{money(metric.max_drawdown, currency)} {currency}"

    def found(
        self,
        request: HttpRequest,
        matching: "QuerySet[PerformanceMetric]",
        words: list[str],
        *,
        after: Place | None,
        limit: int,
    ) -> list[PerformanceMetric]:
        bots = bots_found(signed_in(request), words[0])
        if not any(name.startswith("metric_type") for name in request.GET):
            # The index of a bot's metrics has their type before their time.
            matching = matching.filter(metric_type=MetricType.DAILY)
        return newest_metrics(bots, matching, limit=limit, after=after) if bots else []


@admin.register(RollupDirty)
class RollupDirtyAdmin(UncountedAdmin[RollupDirty]):
    list_display = ("bot_instance", "hour_start")
    list_select_related = ("bot_instance",)
    ordering = ("id",)

    def figures(self, request: HttpRequest, now: datetime) -> list[Figure]:
        (waiting,) = counts_of([self.visible_rows(request)])
        return [
            Figure(
                _("Hours that wait for a roll-up"),
                waiting,
                list_of(self),
                is_technical=True,
            )
        ]


@admin.register(StatementCheck)
class StatementCheckAdmin(ReadOnlyAdmin[StatementCheck]):
    list_display = ("statement_import", "mismatches")
    list_select_related = ("statement_import",)
    ordering = ("-statement_import_id",)


@admin.register(PublicTrackRecord)
class PublicTrackRecordAdmin(ReadOnlyAdmin[PublicTrackRecord]):
    list_display = ("title", "bot_instance", "is_public", "is_indexed", "updated_at")
    list_select_related = ("bot_instance",)
    list_filter = ("is_public",)
    # The link is its owner's to give away.
    exclude = ("slug",)
    ordering = ("-updated_at",)
