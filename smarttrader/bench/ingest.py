"""Ticks and trades over HTTP against COPY of the same rows into the same table."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
from django.db import connection

from bots.authentication import issue_token
from bots.models import BotInstance
from smarttrader.bench import bodies
from smarttrader.bench.client import Client, Unexpected
from smarttrader.bench.databases import raw_connection
from smarttrader.bench.ground import MANY, Ground
from smarttrader.bench.measuring import Run, interleaved, seconds_of
from smarttrader.bench.report import Row, at_least, at_most, ratio
from smarttrader.bench.server import web_server
from trading.models import Trade, trade_id

EA = "/api/v1/ea"
TICKS_A_CALL, TRADES_A_CALL = 100, 500
TRIES = 3


def measure_ticks(ground: Ground) -> list[Row]:
    bot, batches = ground.bots()[1], ground.sizes.batches
    trade = traded(bot, ground)
    with web_server(MANY) as (port, _), raw_connection(MANY) as raw:
        raw.execute("SET synchronous_commit = off")
        client = Client(port, issue_token(bot, now=ground.now).text)

        def call() -> Run:
            moments = bodies.fresh_moments(TICKS_A_CALL, ground.last_hour)
            body = bodies.encoded({"ticks": bodies.told_ticks(trade, moments)})
            return lambda: client.post(f"{EA}/ticks", body)

        def copy() -> Run:
            moments = bodies.fresh_moments(TICKS_A_CALL, ground.last_hour)
            lines = bodies.tick_lines(trade, moments)
            return lambda: _copy(raw, "trade_history", bodies.TICK_COLUMNS, lines)

        took = _in_turns(call, copy, batches, ground.sizes.repetitions)
        client.close()
    return [
        ratio(
            *("100 ticks a call", took["ours"], "COPY of the same", took["copy"]),
            target=at_least(0.12),
            per=batches,
        )
    ]


def measure_trades(ground: Ground) -> list[Row]:
    bot, batches = ground.bots()[2], ground.sizes.batches
    closed_at = ground.last_hour
    with web_server(MANY) as (port, _), raw_connection(MANY) as raw:
        client = Client(port, issue_token(bot, now=ground.now).text)

        def call() -> Run:
            told = bodies.told_trades(bodies.fresh_tickets(TRADES_A_CALL), closed_at)
            body = bodies.encoded({"trades": told})
            return lambda: client.post(f"{EA}/trades", body)

        def copy() -> Run:
            tickets = bodies.fresh_tickets(TRADES_A_CALL)
            lines = bodies.trade_lines([(bot.pk, each) for each in tickets], closed_at)
            return lambda: _copy(raw, "trades", bodies.TRADE_COLUMNS, lines)

        took = _in_turns(call, copy, batches, ground.sizes.repetitions)
        client.close()
    return [
        ratio(
            *("500 trades a call", took["ours"], "COPY of the same", took["copy"]),
            per=batches,
        )
    ]


def measure_resync(ground: Ground) -> list[Row]:
    """An EA that starts again sends its whole history: nothing is written."""
    bot = ground.bots()[3]
    first, again = [], []
    with web_server(MANY) as (port, _):
        client = Client(port, issue_token(bot, now=ground.now).text)
        for turn in range(min(ground.sizes.repetitions, TRIES)):
            upload = _upload_of(client, ground, turn)
            first.append(seconds_of(upload))
            before = _written_rows()
            again.append(seconds_of(upload))
            if _written_rows() != before:
                raise Unexpected("a resync wrote rows")
        client.close()
    trades = f"{ground.sizes.resync:,}"
    middle = len(first) // 2
    return [
        ratio(
            f"resync of {trades} unchanged trades, which writes 0 rows",
            sorted(again)[middle],
            "their first upload",
            sorted(first)[middle],
            target=at_most(0.5),
            is_speed=False,
        )
    ]


def traded(bot: BotInstance, ground: Ground) -> Trade:
    """Return a new trade of a bot that was open for the last two hours."""
    opened_at = ground.now - timedelta(hours=2)
    (ticket,) = bodies.fresh_tickets(1)
    return Trade.objects.create(
        id=trade_id(bot.pk, ticket, opened_at),
        bot_instance=bot,
        ticket_number=ticket,
        symbol="EURUSD",
        trade_type="BUY",
        lot_size="0.10",
        open_price="1.08450",
        opened_at=opened_at,
    )


def _copy(raw: psycopg.Connection[Any], table: str, columns: str, lines: str) -> None:
    statement = f"COPY {table} ({columns}) FROM STDIN"
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(lines)


def _in_turns(
    call: Callable[[], Run], copy: Callable[[], Run], batches: int, repetitions: int
) -> dict[str, float]:
    """Time so many of each; what they send is made before the clock runs."""
    waiting: dict[str, list[Run]] = {
        "ours": [call() for _ in range(batches * (repetitions + 1))],
        "copy": [copy() for _ in range(batches * (repetitions + 1))],
    }

    def some(name: str) -> Run:
        return lambda: [waiting[name].pop()() for _ in range(batches)]

    return interleaved({name: some(name) for name in waiting}, repetitions)


def _upload_of(client: Client, ground: Ground, turn: int) -> Run:
    """Return the upload of a whole history, spread over months."""
    tickets = bodies.fresh_tickets(ground.sizes.resync)
    calls = [
        bodies.encoded(
            {
                "trades": bodies.told_trades(
                    tickets[start : start + TRADES_A_CALL],
                    ground.last_hour
                    - timedelta(days=start // TRADES_A_CALL, hours=turn),
                )
            }
        )
        for start in range(0, len(tickets), TRADES_A_CALL)
    ]
    return lambda: [client.post(f"{EA}/trades", body) for body in calls]


def _written_rows() -> tuple[int, ...]:
    """Return what would change if a trade, a ticket or a mark were written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM trades), (SELECT max(xmin::text::bigint)"
            " FROM trades WHERE opened_at > now() - interval '60 days'),"
            " (SELECT count(*) FROM rollup_dirty),"
            " (SELECT count(*) FROM trade_tickets), (SELECT count(*) FROM bot_logs)"
        )
        return tuple(cursor.fetchone())
