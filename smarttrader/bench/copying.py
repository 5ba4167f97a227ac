"""How ticks go into the table best: by unnest, or by COPY into a table aside."""

from typing import Any

from django.db import connection, transaction

from bots.models import BotInstance
from smarttrader.bench import bodies
from smarttrader.bench.ground import Ground
from smarttrader.bench.ingest import traded
from smarttrader.bench.measuring import Run, interleaved
from smarttrader.bench.report import Row, ratio
from smarttrader.lib.ids import derived_uuid7
from trading.models import Trade
from trading.services.tickets import statement

NUMBERS = (20, 100, 500)
MAKE_ASIDE = (
    "CREATE TEMP TABLE IF NOT EXISTS ticks_aside (id uuid, trade_id uuid,"
    " current_price numeric, unrealized_profit numeric, recorded_at timestamptz,"
    " trade_opened_at timestamptz) ON COMMIT DELETE ROWS"
)
FROM_ASIDE = (
    f"INSERT INTO trade_history ({bodies.TICK_COLUMNS})"  # noqa: S608
    f" SELECT {bodies.TICK_COLUMNS} FROM ticks_aside ORDER BY id"
    " ON CONFLICT (id, recorded_at) DO NOTHING"
)


def measure(ground: Ground) -> list[Row]:
    """A COPY cannot pass over what is there already, so it needs a table aside."""
    bot: BotInstance = ground.bots()[1]
    trade = traded(bot, ground)
    with connection.cursor() as cursor:
        cursor.execute(MAKE_ASIDE)
    rows = []
    for number in NUMBERS:
        took = interleaved(
            {
                "unnest": _some(_by_unnest, trade, number, ground),
                "copy": _some(_by_copy, trade, number, ground),
            },
            ground.sizes.repetitions,
        )
        rows.append(
            ratio(
                *(f"{number} ticks by unnest", took["unnest"]),
                *("by COPY through a temporary table", took["copy"]),
                per=ground.sizes.batches,
            )
        )
    return rows


def _some(write: Any, trade: Trade, number: int, ground: Ground) -> Run:
    def run() -> None:
        for _ in range(ground.sizes.batches):
            write(trade, bodies.fresh_moments(number, ground.last_hour))

    return run


def _by_unnest(trade: Trade, moments: list[Any]) -> None:
    number = len(moments)
    columns: dict[str, Any] = {
        "id": [derived_uuid7(moment, trade.pk.bytes) for moment in moments],
        "trade_id": [trade.pk] * number,
        "opened_at": [trade.opened_at] * number,
        "recorded_at": moments,
        "current_price": [bodies.PRICE] * number,
        "unrealized_profit": [bodies.PROFIT] * number,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(statement("insert_ticks"), columns)


def _by_copy(trade: Trade, moments: list[Any]) -> None:
    lines = bodies.tick_lines(trade, moments)
    into = f"COPY ticks_aside ({bodies.TICK_COLUMNS}) FROM STDIN"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        with cursor.copy(into) as copy:
            copy.write(lines)
        cursor.execute(FROM_ASIDE)
