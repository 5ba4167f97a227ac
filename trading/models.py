"""Trades, the prices while they were open, and imported statements."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bots.models import BotInstance, BotSource
from smarttrader.lib.database import CreatedAtField, DatabaseNow, UpdatedAtField, one_of
from smarttrader.lib.ids import derived_uuid7, moment_bounds, uuid7
from smarttrader.lib.money import AmountField, PriceField, RatioField


class TradeType(models.TextChoices):
    BUY = "BUY", _("Buy")
    SELL = "SELL", _("Sell")


class TradeStatus(models.TextChoices):
    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")


def trade_id(bot_instance_id: uuid.UUID, ticket: str, opened_at: datetime) -> uuid.UUID:
    """Return a trade's identifier; its timestamp, opened_at, names its partition."""
    return derived_uuid7(opened_at, bot_instance_id.bytes, ticket)


class TradeQuerySet(models.QuerySet["Trade"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("bot_instance__user"))

    def with_id(self, identifier: uuid.UUID) -> Self:
        """Keep the one trade, and read the one partition that its id names."""
        try:
            start, end = moment_bounds(identifier)
        except OverflowError:  # an id of a time that no calendar has is no trade's
            return self.none()
        return self.filter(pk=identifier, opened_at__gte=start, opened_at__lt=end)


class Trade(models.Model):
    """Partitioned monthly by opened_at; id, bot, ticket and opened_at never change."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    bot_instance = models.ForeignKey(
        BotInstance, models.DO_NOTHING, related_name="trades"
    )
    ticket_number = models.CharField(max_length=50)
    symbol = models.CharField(max_length=20)
    trade_type = models.CharField(max_length=20, choices=TradeType)
    lot_size = AmountField()
    open_price = PriceField()
    close_price = PriceField(blank=True, null=True)
    stop_loss = PriceField(blank=True, null=True)
    take_profit = PriceField(blank=True, null=True)
    commission = AmountField(db_default=0)
    swap = AmountField(db_default=0)
    profit = AmountField(
        blank=True,
        null=True,
        help_text=_("Without commission and swap, as MT4 counts it."),
    )
    profit_percentage = RatioField(blank=True, null=True)
    status = models.CharField(
        max_length=20, choices=TradeStatus, db_default=TradeStatus.OPEN
    )
    strategy_used = models.CharField(max_length=50, blank=True, null=True)
    opened_at = models.DateTimeField(db_default=DatabaseNow())
    closed_at = models.DateTimeField(blank=True, null=True)
    duration_seconds = models.IntegerField(blank=True, null=True)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    magic_number = models.BigIntegerField(blank=True, null=True)
    comment = models.CharField(max_length=255, blank=True, db_default="")
    continued_from = models.CharField(
        max_length=50,
        blank=True,
        null=True,
        help_text=_("The ticket whose partial close left this trade open."),
    )

    objects = TradeQuerySet.as_manager()

    class Meta:
        db_table = "trades"
        constraints = [
            one_of("trade_type", TradeType, name="trades_trade_type_valid"),
            one_of("status", TradeStatus, name="trades_status_valid"),
            models.CheckConstraint(
                condition=models.Q(lot_size__gt=0), name="trades_lot_size_positive"
            ),
            models.CheckConstraint(
                condition=~models.Q(status=TradeStatus.CLOSED)
                | models.Q(
                    closed_at__isnull=False,
                    close_price__isnull=False,
                    profit__isnull=False,
                ),
                name="trades_closed_complete",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True)
                | models.Q(closed_at__gte=models.F("opened_at")),
                name="trades_closed_after_opened",
            ),
        ]
        indexes = [
            models.Index(fields=["status"], name="trades_status"),
            models.Index(fields=["opened_at"], name="trades_opened_at"),
            models.Index(fields=["closed_at"], name="trades_closed_at"),
            models.Index(fields=["symbol"], name="trades_symbol"),
            BrinIndex(fields=["created_at"], name="trades_created_at"),
            BrinIndex(fields=["updated_at"], name="trades_updated_at"),
            # Roll-ups read a bot's trades by the hour in which they closed.
            models.Index(
                fields=["bot_instance", "closed_at"], name="trades_bot_closed"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_number}"

    @property
    def net_profit(self) -> Decimal | None:
        """Profit + commission + swap; costs arrive negative."""
        if self.profit is None:
            return None
        return Decimal(self.profit + self.commission + self.swap)

    @property
    def was_open_when_printed(self) -> bool:
        """Whether a file alone tells that it is open: nobody tells how it went on."""
        is_printed = self.bot_instance.source == BotSource.STATEMENT
        return bool(is_printed and self.status == TradeStatus.OPEN)


class TradeTicket(models.Model):
    """One row per ticket, unpartitioned: makes a ticket unique across all partitions.

    The first reported opened_at wins for ever, also when a broker's clock moves.
    """

    # The table's PRIMARY KEY is (bot_instance_id, ticket_number); Django's admin and
    # foreign keys know no composite key, so its state names the trade.
    trade_id = models.UUIDField(primary_key=True)
    bot_instance = models.ForeignKey(
        BotInstance, models.DO_NOTHING, related_name="trade_tickets"
    )
    ticket_number = models.CharField(max_length=50)
    opened_at = models.DateTimeField()
    disputed_at = models.DateTimeField(
        blank=True, null=True, help_text=_("When a later report first said otherwise.")
    )
    verified_at = models.DateTimeField(
        blank=True,
        null=True,
        help_text=_("When a statement whose every figure is ours first had it."),
    )
    # Of a report that ended the trade, or filled in what the ended trade lacked: when
    # it comes again the trade need not be looked at.
    report_digest = models.BinaryField(max_length=16, blank=True, null=True)

    class Meta:
        db_table = "trade_tickets"
        indexes = [
            models.Index(
                fields=["bot_instance", "opened_at"], name="tickets_bot_opened"
            )
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_number}"


class TradeHistoryQuerySet(models.QuerySet["TradeHistory"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("trade__bot_instance__user"))


class TradeHistory(models.Model):
    """An open trade's price at a moment. Partitioned daily by recorded_at."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Enforced by statement-level triggers: a declared key costs 6 to 12 times on
    # ingest.
    trade = models.ForeignKey(
        Trade, models.DO_NOTHING, related_name="history", db_constraint=False
    )
    current_price = PriceField()
    unrealized_profit = AmountField()
    recorded_at = models.DateTimeField(db_default=DatabaseNow())
    trade_opened_at = models.DateTimeField()

    objects = TradeHistoryQuerySet.as_manager()

    class Meta:
        db_table = "trade_history"
        verbose_name_plural = _("trade history")
        indexes = [
            models.Index(fields=["recorded_at"], name="trade_history_recorded_at"),
        ]

    def __str__(self) -> str:
        return f"{self.recorded_at}: {self.current_price}"


class StatementImportQuerySet(models.QuerySet["StatementImport"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(user.owns_or_looks_after("user"))


class StatementImport(models.Model):
    """A statement that was read: whose, which file, what it changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.DO_NOTHING, related_name="statement_imports")
    bot_instance = models.ForeignKey(
        BotInstance, models.DO_NOTHING, related_name="statement_imports"
    )
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    mt4_account = models.CharField(max_length=50)
    currency = models.CharField(max_length=3)
    printed_at = models.CharField(
        max_length=40,
        blank=True,
        help_text=_("As printed: the PC's clock, without a zone."),
    )
    trades = models.PositiveIntegerField()
    open_trades = models.PositiveIntegerField()
    cancelled_orders = models.PositiveIntegerField()
    created_rows = models.PositiveIntegerField()
    updated_rows = models.PositiveIntegerField()
    unchanged_rows = models.PositiveIntegerField()
    created_at = CreatedAtField()

    objects = StatementImportQuerySet.as_manager()

    class Meta:
        db_table = "statement_imports"
        indexes = [
            models.Index(
                fields=["user", "-created_at"], name="statement_imports_newest"
            )
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.mt4_account})"
