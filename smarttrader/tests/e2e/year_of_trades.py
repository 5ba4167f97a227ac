"""What fills the pages of somebody whose bots have traded for a year."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from analytics.models import EquityHour
from analytics.services import rollups
from bots.models import BotInstance
from smarttrader.jobs.partitions import TRADES, create_partitions_for
from trading.models import Trade, TradeStatus, TradeType, trade_id

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS, TRADES_A_DAY = 365, 3
SYMBOLS = ("EURUSD", "XAUUSD", "GBPUSD", "USDJPY", "GER40")
STRATEGIES = ("breakout", "grid", "scalper")


def trade_for_a_year(bots: Sequence[BotInstance], now: datetime) -> None:
    """Give bots trades of each day of a year, and an equity of each hour; add it up."""
    first = now - DAYS * DAY
    create_partitions_for(TRADES, [first + day * DAY for day in range(DAYS)], now=now)
    Trade.objects.bulk_create(
        _trade(bot, number, now - HOUR - number * DAY / TRADES_A_DAY)
        for bot in bots
        for number in range(DAYS * TRADES_A_DAY)
    )
    hour = now.replace(minute=0, second=0, microsecond=0)
    EquityHour.objects.bulk_create(
        _equity(bot, hour - number * HOUR, Decimal(950 + number % 97))
        for bot in bots
        for number in range(DAYS * 24)
    )
    rollups.roll_up(now=now + HOUR)


def _trade(bot: BotInstance, number: int, closed_at: datetime) -> Trade:
    seconds = 60 + number * 7919 % 7200
    opened_at = closed_at - timedelta(seconds=seconds)
    ticket = f"{80_000_000 + number}"
    return Trade(
        id=trade_id(bot.pk, ticket, opened_at),
        bot_instance=bot,
        ticket_number=ticket,
        symbol=SYMBOLS[number % len(SYMBOLS)],
        trade_type=(TradeType.BUY, TradeType.SELL)[number % 2],
        strategy_used=STRATEGIES[number // 2 % len(STRATEGIES)],
        lot_size=Decimal("0.10"),
        open_price=Decimal("1.10000"),
        close_price=Decimal("1.10100"),
        # Of every size, so that nothing of a page is compressed too well.
        profit=Decimal(number * 7907 % 100_003 - 45_000) / 100,
        commission=Decimal("-0.50"),
        swap=Decimal("-0.20"),
        status=TradeStatus.CLOSED,
        opened_at=opened_at,
        closed_at=closed_at,
        duration_seconds=seconds,
    )


def _equity(bot: BotInstance, hour: datetime, equity: Decimal) -> EquityHour:
    return EquityHour(
        bot_instance=bot,
        hour_start=hour,
        told_at=hour,
        balance=Decimal(1000),
        **dict.fromkeys(("open", "high", "low", "close"), equity),
    )
