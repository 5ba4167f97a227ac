"""What only the single trades tell: runs of wins and of losses, and squared losses."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import F

from analytics.queries.breakdowns import Days, midnight
from analytics.queries.performance import ZERO
from bots.queries import of_bot_in_turn, of_each_bot
from trading.models import Trade, TradeStatus

# How many trades are put in order while somebody waits for a page.
MOST_ORDERED = 20_000
RUNS = """
WITH nets AS (
    SELECT net, row_number() OVER (
        ORDER BY closed_at,
            CASE WHEN ticket_number ~ '^[0-9]+$' THEN ticket_number::numeric END
                NULLS LAST,
            ticket_number COLLATE "C"
    ) AS place
    FROM (SELECT found.* FROM {source} LIMIT %s) capped
),
runs AS (
    -- As MetaTrader counts: through a trade that broke even a run of wins goes on.
    SELECT is_profit, count(*) AS trades, sum(net) AS money,
        coalesce(sum(net * net) FILTER (WHERE NOT is_profit), 0) AS squared_losses
    FROM (
        SELECT net, net >= 0 AS is_profit,
            place - row_number() OVER (PARTITION BY net >= 0 ORDER BY place) AS run
        FROM nets
    ) numbered
    GROUP BY is_profit, run
)
-- Of two runs of one length the one that moved more money counts.
SELECT DISTINCT ON (is_profit) is_profit, trades, money,
    sum(trades) OVER (), sum(squared_losses) OVER ()
FROM runs ORDER BY is_profit, trades DESC, abs(money) DESC
"""


@dataclass(frozen=True, slots=True)
class Run:
    """Trades in a row that all won, or all lost."""

    trades: int = 0
    money: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Order:
    """What the trades of some days tell in the order of their close."""

    longest_win: Run = Run()
    longest_loss: Run = Run()
    squared_losses: Decimal = ZERO


def order_of_trades(
    bot_ids: Collection[uuid.UUID], days: Days, *, first_opened_at: datetime | None
) -> Order | None:
    """Return what the order of the trades that closed on these days tells.

    None of them opened before `first_opened_at`, which leaves out partitions. None
    where they are more than 20,000: nobody waits for so many.
    """
    rows = Trade.objects.filter(status=TradeStatus.CLOSED)
    if first_opened_at:
        rows = rows.filter(opened_at__gte=first_opened_at)
    if days.start:
        rows = rows.filter(closed_at__gte=midnight(days.start))
    if days.end:
        # A trade opens before it closes: a bound on the partition key.
        end = midnight(days.end)
        rows = rows.filter(closed_at__lt=end, opened_at__lt=end)
    net = F("profit") + F("commission") + F("swap")
    source, parameters = of_each_bot(
        bot_ids,
        of_bot_in_turn(rows).values("closed_at", "ticket_number").annotate(net=net),
    )
    with connection.cursor() as cursor:
        cursor.execute(RUNS.format(source=source), [*parameters, MOST_ORDERED + 1])
        found = cursor.fetchall()
    if not found:
        return Order()
    *_, count, squared_losses = found[0]
    if count > MOST_ORDERED:
        return None
    longest = {row[0]: Run(row[1], row[2]) for row in found}
    return Order(
        longest_win=longest.get(True, Run()),
        longest_loss=longest.get(False, Run()),
        squared_losses=squared_losses,
    )
