"""The back office's view of metrics."""

from django.contrib import admin

from analytics.models import (
    PerformanceMetric,
    PublicTrackRecord,
    RollupDirty,
    StatementCheck,
)
from smarttrader.lib.admin import ReadOnlyAdmin, UncountedAdmin


@admin.register(PerformanceMetric)
class PerformanceMetricAdmin(UncountedAdmin[PerformanceMetric]):
    list_display = (
        "period_start",
        "metric_type",
        "bot_instance",
        "total_trades",
        "net_profit",
        "max_drawdown",
    )
    list_filter = ("metric_type",)
    list_select_related = ("bot_instance",)
    search_fields = ("=bot_instance__mt4_account",)
    ordering = ("-period_start",)


@admin.register(RollupDirty)
class RollupDirtyAdmin(UncountedAdmin[RollupDirty]):
    list_display = ("bot_instance", "hour_start")
    list_select_related = ("bot_instance",)
    ordering = ("id",)


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
