"""What the public page of a bot may tell, and nothing that its owner keeps."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from accounts.models import User
from analytics.models import (
    MetricType,
    PublicFigure,
    PublicTrackRecord,
    VerifiedTrades,
)
from analytics.queries import periods
from analytics.queries.breakdowns import ALL_DAYS
from analytics.queries.performance import CurvePoint, balance_curve
from analytics.queries.periods import Figures, Period
from bots.models import BotInstance, BotSource
from trading import queries as trading
from trading.models import Trade, TradeStatus

MONTHS_SHOWN, TRADES_SHOWN = 24, 20
OPEN_READ = 500


@dataclass(frozen=True, slots=True)
class PublicTrade:
    """A trade without what tells whose it is: ids, tickets, comments, strategies."""

    symbol: str
    side: str
    opened_at: datetime
    closed_at: datetime | None
    open_price: Decimal
    close_price: Decimal | None
    lots: Decimal | None
    net: Decimal | None
    has_won: bool
    has_lost: bool


@dataclass(frozen=True, slots=True)
class Verification:
    """How many of a bot's trades are in statements whose every figure is ours."""

    trades: int
    at: datetime  # when the latest of these statements was imported

    def is_of_all(self, figures: Figures) -> bool:
        """Tell whether no trade was closed that none of the statements has."""
        return self.trades >= figures.total_trades


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """What is shown; what the owner did not choose is None or empty."""

    title: str
    currency: str  # empty without amounts
    is_live: bool
    is_statement: bool  # of a file alone, which does not tell whether it is live
    is_indexed: bool
    figures: Figures
    shown: frozenset[str]
    first_day: datetime | None
    verification: Verification | None
    curve: list[CurvePoint]
    months: list[Period]
    open_trades: list[PublicTrade]
    closed_trades: list[PublicTrade]
    delay_hours: int

    @property
    def is_verified_whole(self) -> bool:
        return bool(self.verification and self.verification.is_of_all(self.figures))


def track_record_of(user: User, bot_id: uuid.UUID) -> BotInstance | None:
    """Return a user's own bot with its track record, if it has one, or None."""
    return (
        BotInstance.objects.filter(user=user, pk=bot_id)
        .select_related("track_record")
        .first()
    )


def public_record(slug: str) -> PublicTrackRecord | None:
    """Return the track record that everybody with this link may read."""
    return (
        PublicTrackRecord.objects.public()
        .filter(slug=slug)
        .select_related("bot_instance__user")
        .first()
    )


def public_figures(record: PublicTrackRecord) -> Figures:
    """Return the figures of all closed trades of a track record's bot."""
    days = periods.periods_of_days([record.bot_instance_id], ALL_DAYS)
    return periods.composed(days)


def track_record(
    record: PublicTrackRecord, verification: Verification | None, now: datetime
) -> TrackRecord:
    """Return what a public page tells, as its owner chose."""
    bot = record.bot_instance
    days = periods.periods_of_days([bot.pk], ALL_DAYS)
    has_amounts = record.shows(PublicFigure.AMOUNTS)
    told, kept = _open_trades(record, now)
    is_statement = bot.source == BotSource.STATEMENT
    # What was open when it was printed may long be closed.
    unknown = {PublicFigure.OPEN_TRADES} if is_statement else set()
    return TrackRecord(
        title=record.title,
        currency=bot.account_currency if has_amounts else "",
        is_live=bot.is_live,
        is_statement=is_statement,
        is_indexed=record.is_indexed,
        figures=periods.composed(days),
        shown=frozenset(record.figures) - unknown,
        first_day=days[0].start if days else None,
        verification=verification,
        curve=balance_curve([bot.pk]) if record.shows(PublicFigure.CURVE) else [],
        months=_months(bot) if record.shows(PublicFigure.MONTHS) else [],
        open_trades=_told(record, told[:TRADES_SHOWN]),
        closed_trades=_closed_trades(record, kept),
        delay_hours=record.delay_hours,
    )


def verification_of(bot: BotInstance) -> Verification | None:
    """Return what statements prove of a bot's trades; None where they prove nothing."""
    verified = VerifiedTrades.objects.filter(bot_instance=bot).first()
    return Verification(verified.trades, verified.verified_at) if verified else None


def _months(bot: BotInstance) -> list[Period]:
    return periods.newest_periods([bot.pk], MetricType.MONTHLY, limit=MONTHS_SHOWN)


def _open_trades(
    record: PublicTrackRecord, now: datetime
) -> tuple[list[Trade], list[Trade]]:
    """Return the open trades that are told, and those that are kept.

    Told are those that have been open for so long that nobody copies them.
    """
    told_until = now - timedelta(hours=record.delay_hours)
    rows = Trade.objects.filter(status=TradeStatus.OPEN, closed_at=None)
    told: list[Trade] = []
    kept: list[Trade] = []
    for trade in trading.newest_trades([record.bot_instance], rows, limit=OPEN_READ):
        is_told = trade.opened_at <= told_until and record.shows(
            PublicFigure.OPEN_TRADES
        )
        (told if is_told else kept).append(trade)
    return told, kept


def _closed_trades(record: PublicTrackRecord, kept: list[Trade]) -> list[PublicTrade]:
    """Return the latest closed trades, without parts of those open ones that are kept.

    A partial close leaves a closed trade that has the symbol, the side, the price and
    the moment of opening of what is still open.
    """
    if not record.shows(PublicFigure.CLOSED_TRADES):
        return []
    rows = Trade.objects.filter(status=TradeStatus.CLOSED).exclude(
        opened_at__in={trade.opened_at for trade in kept}
    )
    found = trading.newest_trades([record.bot_instance], rows, limit=TRADES_SHOWN)
    return _told(record, found)


def _told(record: PublicTrackRecord, trades: list[Trade]) -> list[PublicTrade]:
    has_amounts = record.shows(PublicFigure.AMOUNTS)
    return [
        PublicTrade(
            symbol=trade.symbol,
            side=trade.trade_type,
            opened_at=trade.opened_at,
            closed_at=trade.closed_at,
            open_price=trade.open_price,
            close_price=trade.close_price,
            lots=trade.lot_size if has_amounts else None,
            net=trade.net_profit if has_amounts else None,
            has_won=(trade.net_profit or 0) > 0,
            has_lost=(trade.net_profit or 0) < 0,
        )
        for trade in trades
    ]
