"""A sync: a heartbeat, trades, ticks and logs in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bots.models import BotInstance
from bots.services import heartbeats
from bots.services import logs as bot_logs
from bots.services.heartbeats import Heard, Heartbeat
from bots.services.logs import LogLine, RecordedLogs
from smarttrader.jobs.partitions import (
    BOT_LOGS,
    TRADE_HISTORY,
    TRADES,
    write_to_partitions,
)
from trading.services.tickets import Held, hold_tickets
from trading.services.ticks import (
    RecordedTicks,
    TickReport,
    tick_moments,
    write_held_ticks,
)
from trading.services.trades import (
    RecordedTrades,
    TradeReport,
    announce,
    without_settled,
    write_held_trades,
)


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What an EA says at once; trades are recorded before the ticks of them."""

    beat: Heartbeat
    trades: Sequence[TradeReport] = ()
    ticks: Sequence[TickReport] = ()
    logs: Sequence[LogLine] = ()


@dataclass(frozen=True, slots=True)
class RecordedSync:
    heard: Heard
    trades: RecordedTrades
    ticks: RecordedTicks
    logs: RecordedLogs


def record_sync(
    *, bot: BotInstance, report: SyncReport, now: datetime, is_licensed: bool = True
) -> RecordedSync:
    """Record all that an EA says at once, in the order of the report, all or nothing.

    As `record_heartbeat`, `record_trades`, `record_ticks` and `record_logs` do one by
    one, but durable as a whole. Locks the bot, then all tickets of the report in their
    order, and makes missing partitions. Raises OutsidePartitions for a trade opened
    before the year 2000 and for logs past their retention.
    """
    return write_to_partitions(
        {
            TRADES: [trade.opened_at for trade in report.trades],
            TRADE_HISTORY: tick_moments(report.ticks, now=now),
            BOT_LOGS: [now, *bot_logs.log_moments(report.logs, now=now)],
        },
        lambda: write_sync(bot=bot, report=report, now=now, is_licensed=is_licensed),
        now=now,
    )


def write_sync(
    *, bot: BotInstance, report: SyncReport, now: datetime, is_licensed: bool = True
) -> RecordedSync:
    """Record a sync as `record_sync` does, within the caller's transaction.

    The caller has made the partitions, and holds no tickets yet.
    """
    heard = heartbeats.write_heartbeat(bot=bot, beat=report.beat, now=now)
    news, settled = without_settled(bot, report.trades)
    held = _hold(bot, news, report.ticks, is_licensed=is_licensed)
    written = write_held_trades(
        bot=bot, reports=news, held=held, now=now, is_licensed=is_licensed
    )
    announce(bot, written, now)
    return RecordedSync(
        heard,
        settled + written,
        write_held_ticks(bot=bot, ticks=report.ticks, held=held, now=now),
        bot_logs.write_logs(bot=bot, logs=report.logs, now=now),
    )


def _hold(
    bot: BotInstance,
    trades: Sequence[TradeReport],
    ticks: Sequence[TickReport],
    *,
    is_licensed: bool,
) -> Held:
    return hold_tickets(
        bot=bot,
        claims=trades if is_licensed else (),
        others={trade.ticket_number for trade in trades}
        | {tick.ticket_number for tick in ticks},
    )
