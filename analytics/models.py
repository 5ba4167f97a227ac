"""What the trades amount to: metrics, how a statement compares, what is made public."""

from datetime import timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext, gettext_lazy

from accounts.models import User
from bots.models import BotInstance
from smarttrader.lib.database import CreatedAtField, UpdatedAtField, one_of
from smarttrader.lib.ids import uuid7
from smarttrader.lib.money import AmountField, RatioField, TotalField
from trading.models import StatementImport, TradeType


class MetricType(models.TextChoices):
    HOURLY = "hourly", gettext_lazy("Hourly")
    DAILY = "daily", gettext_lazy("Daily")
    WEEKLY = "weekly", gettext_lazy("Weekly")
    MONTHLY = "monthly", gettext_lazy("Monthly")


class PerformanceMetricQuerySet(models.QuerySet["PerformanceMetric"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("bot_instance__user"))


class PerformanceMetric(models.Model):
    """A bot's closed trades of one period, as docs/metrics.md defines each figure."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bot_instance = models.ForeignKey(
        BotInstance, models.DO_NOTHING, related_name="metrics"
    )
    metric_type = models.CharField(max_length=20, choices=MetricType)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    total_trades = models.IntegerField(db_default=0)
    winning_trades = models.IntegerField(db_default=0)
    losing_trades = models.IntegerField(db_default=0)
    gross_profit = TotalField(db_default=0)
    gross_loss = TotalField(db_default=0)
    net_profit = TotalField(db_default=0)
    win_rate = models.DecimalField(max_digits=5, decimal_places=2, db_default=0)
    profit_factor = RatioField(db_default=0)
    max_drawdown = AmountField(db_default=0)
    avg_win = AmountField(db_default=0)
    avg_loss = AmountField(db_default=0)
    largest_win = AmountField(db_default=0)
    largest_loss = AmountField(db_default=0)
    sharpe_ratio = RatioField(blank=True, null=True)
    created_at = CreatedAtField()

    # Sums from which longer periods are composed exactly; money of the account.
    sum_of_squares = models.DecimalField(max_digits=38, decimal_places=4, db_default=0)
    peak = models.DecimalField(
        max_digits=20,
        decimal_places=2,
        db_default=0,
        help_text=gettext_lazy("Highest running net within the period, at least 0."),
    )
    trough = models.DecimalField(
        max_digits=20,
        decimal_places=2,
        db_default=0,
        help_text=gettext_lazy("Lowest running net within the period, at most 0."),
    )
    volume = models.DecimalField(
        max_digits=20, decimal_places=2, db_default=0, help_text=gettext_lazy("Lots.")
    )
    # A bound by which a roll-up leaves out partitions: no trade of the period opened
    # before.
    first_opened_at = models.DateTimeField(null=True, editable=False)

    objects = PerformanceMetricQuerySet.as_manager()

    class Meta:
        db_table = "performance_metrics"
        constraints = [
            models.UniqueConstraint(
                fields=["bot_instance", "metric_type", "period_start"],
                name="performance_metrics_unique",
            ),
            one_of("metric_type", MetricType, name="performance_metrics_type_valid"),
            models.CheckConstraint(
                condition=models.Q(win_rate__range=(0, 100)),
                name="performance_metrics_win_rate_valid",
            ),
        ]
        indexes = [
            models.Index(fields=["metric_type"], name="performance_metrics_type"),
            models.Index(fields=["period_start"], name="performance_metrics_start"),
            models.Index(fields=["period_end"], name="performance_metrics_end"),
            BrinIndex(fields=["created_at"], name="performance_metrics_created_at"),
        ]

    def __str__(self) -> str:
        return f"{self.get_metric_type_display()} {self.period_start:%Y-%m-%d %H:%M}"

    @property
    def break_even_trades(self) -> int:
        return self.total_trades - self.winning_trades - self.losing_trades

    @property
    def is_without_losses(self) -> bool:
        """Whether the profit factor of 0 means "no losses" rather than "no profit"."""
        return bool(self.gross_profit > 0 and self.gross_loss == 0)


class DailyBreakdown(models.Model):
    """A bot's closed trades of one UTC day, symbol, direction and strategy.

    Sums alone, which no trade is too large for; made by the roll-up.
    """

    pk = models.CompositePrimaryKey(
        "bot_instance_id", "closed_on", "symbol", "trade_type", "strategy"
    )
    bot_instance = models.ForeignKey(
        BotInstance, models.DO_NOTHING, related_name="daily_breakdowns", db_index=False
    )
    closed_on = models.DateField()
    symbol = models.CharField(max_length=20)
    trade_type = models.CharField(max_length=20, choices=TradeType)
    strategy = models.CharField(
        max_length=50, help_text=gettext_lazy("Empty when none was told.")
    )
    total_trades = models.IntegerField()
    winning_trades = models.IntegerField()
    losing_trades = models.IntegerField()
    gross_profit = models.DecimalField(max_digits=38, decimal_places=2)
    gross_loss = models.DecimalField(max_digits=38, decimal_places=2)
    volume = models.DecimalField(
        max_digits=38, decimal_places=2, help_text=gettext_lazy("Lots.")
    )

    class Meta:
        db_table = "daily_breakdowns"
        constraints = [
            one_of("trade_type", TradeType, name="daily_breakdowns_trade_type_valid"),
        ]

    def __str__(self) -> str:
        return f"{self.closed_on} {self.symbol} {self.trade_type} {self.strategy}"


class EquityHour(models.Model):
    """What a bot's heartbeats told of one hour, as the sweep of each minute saw it."""

    pk = models.CompositePrimaryKey("bot_instance_id", "hour_start")
    bot_instance = models.ForeignKey(
        BotInstance, models.DO_NOTHING, related_name="equity_hours", db_index=False
    )
    hour_start = models.DateTimeField()
    open = TotalField(help_text=gettext_lazy("Equity as it was told first."))
    high = TotalField()
    low = TotalField()
    close = TotalField(help_text=gettext_lazy("Equity as it was told last."))
    balance = TotalField(help_text=gettext_lazy("As it was told last."))
    told_at = models.DateTimeField(help_text=gettext_lazy("When it was told last."))

    class Meta:
        db_table = "equity_hours"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(low__lte=models.F("open"))
                & models.Q(low__lte=models.F("close"))
                & models.Q(high__gte=models.F("open"))
                & models.Q(high__gte=models.F("close")),
                name="equity_hours_range_valid",
            ),
            models.CheckConstraint(
                condition=models.Q(told_at__gte=models.F("hour_start"))
                & models.Q(told_at__lt=models.F("hour_start") + timedelta(hours=1)),
                name="equity_hours_told_within",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bot_instance_id} {self.hour_start:%Y-%m-%d %H:00}"


class RollupDirty(models.Model):
    """An hour of a bot whose metrics no longer match its trades.

    Written by a trigger on trades, appended and never updated, so that ingest waits for
    no roll-up; the same hour may stand here many times.
    """

    id = models.BigAutoField(primary_key=True)
    bot_instance = models.ForeignKey(
        BotInstance, models.DO_NOTHING, related_name="dirty_hours"
    )
    hour_start = models.DateTimeField()
    opened_from = models.DateTimeField(
        null=True,
        help_text=gettext_lazy(
            "No trade that it tells of opened before; empty: any may have."
        ),
    )

    class Meta:
        db_table = "rollup_dirty"
        verbose_name = gettext_lazy("dirty hour")

    def __str__(self) -> str:
        return f"{self.bot_instance_id} {self.hour_start:%Y-%m-%d %H:00}"


class CurveVersion(models.Model):
    """Another one each time that a bot's hours of an earlier month were computed anew.

    What is kept of a curve's past is kept under it.
    """

    bot_instance = models.OneToOneField(
        BotInstance, models.DO_NOTHING, primary_key=True, related_name="curve_version"
    )
    version = models.UUIDField()

    class Meta:
        db_table = "curve_versions"

    def __str__(self) -> str:
        return f"{self.bot_instance_id} {self.version}"


class StatementCheckQuerySet(models.QuerySet["StatementCheck"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("statement_import__user"))


class StatementCheck(models.Model):
    """An imported statement's summary: printed by MetaTrader, computed by us, equal?"""

    statement_import = models.OneToOneField(
        StatementImport,
        models.DO_NOTHING,
        primary_key=True,
        related_name="check_result",
    )
    # [{"name": ..., "printed": ..., "ours": ..., "equal": ...}], in MetaTrader's order.
    figures = models.JSONField()
    mismatches = models.PositiveIntegerField()

    objects = StatementCheckQuerySet.as_manager()

    class Meta:
        db_table = "statement_checks"

    def __str__(self) -> str:
        return gettext("%(n)s mismatches") % {"n": self.mismatches}


class VerifiedTrades(models.Model):
    """How many closed trades of a bot are in statements whose every figure is ours.

    The tickets of those trades carry when; no page counts them.
    """

    bot_instance = models.OneToOneField(
        BotInstance, models.DO_NOTHING, primary_key=True, related_name="verified_trades"
    )
    trades = models.PositiveIntegerField()
    verified_at = models.DateTimeField()

    class Meta:
        db_table = "verified_trades"
        verbose_name_plural = gettext_lazy("verified trades")

    def __str__(self) -> str:
        return f"{self.bot_instance_id} {self.trades}"


class PublicFigure(models.TextChoices):
    """What an owner may show of a bot. Without amounts no figure tells any money."""

    CURVE = "curve", gettext_lazy("Curve of closed profit")
    WIN_RATE = "win_rate", gettext_lazy("Win rate")
    PROFIT_FACTOR = "profit_factor", gettext_lazy("Profit factor")
    SHARPE = "sharpe", gettext_lazy("Sharpe ratio")
    MONTHS = "months", gettext_lazy("Months")
    CLOSED_TRADES = "closed_trades", gettext_lazy("Latest closed trades")
    OPEN_TRADES = "open_trades", gettext_lazy("Open trades")
    AMOUNTS = "amounts", gettext_lazy("Amounts of money, lots and drawdown")


LONGEST_DELAY_HOURS = 30 * 24


class PublicTrackRecordQuerySet(models.QuerySet["PublicTrackRecord"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("bot_instance__user"))

    def public(self) -> Self:
        """Keep those that everybody who has the link may read."""
        return self.filter(is_public=True, bot_instance__user__is_active=True)


class PublicTrackRecord(models.Model):
    """A bot's page for everybody who has the link: whether, and what it shows."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bot_instance = models.OneToOneField(
        BotInstance, models.DO_NOTHING, related_name="track_record"
    )
    slug = models.CharField(max_length=43, unique=True, editable=False)
    title = models.CharField(max_length=80)
    is_public = models.BooleanField(db_default=False)
    is_indexed = models.BooleanField(db_default=False)
    figures = ArrayField(
        models.CharField(max_length=20, choices=PublicFigure), db_default=[]
    )
    delay_hours = models.PositiveSmallIntegerField(db_default=24)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    objects = PublicTrackRecordQuerySet.as_manager()

    class Meta:
        db_table = "public_track_records"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(figures__contained_by=PublicFigure.values),
                name="public_track_records_figures_valid",
            ),
            models.CheckConstraint(
                condition=models.Q(delay_hours__lte=LONGEST_DELAY_HOURS),
                name="public_track_records_delay_valid",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def shows(self, figure: PublicFigure) -> bool:
        return figure in self.figures
