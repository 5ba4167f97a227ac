"""Reads of trades."""

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from django.core.cache import caches
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from bots.models import BotInstance
from bots.queries import newest_of_bots, of_bot_in_turn, of_each_bot
from smarttrader.lib.keyset import Place
from trading.models import (
    StatementImport,
    Trade,
    TradeHistory,
    TradeStatus,
    TradeTicket,
)

ROWS_AT_ONCE = 2000
A_DAY, AN_HOUR = timedelta(days=1), timedelta(hours=1)
# A probe for each ticket, as trading/sql/upsert_trades.sql has it, which says why.
KNOWN_TICKETS = (
    "FROM unnest(%s::uuid[]) AS bot (id)"
    " CROSS JOIN unnest(%s::text[]) AS r (ticket_number)"
    " CROSS JOIN LATERAL (SELECT * FROM trade_tickets k"
    "  WHERE k.bot_instance_id = bot.id AND k.ticket_number = r.ticket_number"
    "  LIMIT 1) k"
)
DRAWN_TICKS = """
SELECT count(*), min(recorded_at), max(recorded_at),
    (array_agg(current_price ORDER BY recorded_at, id))[1],
    min(current_price), max(current_price),
    (array_agg(current_price ORDER BY recorded_at DESC, id DESC))[1],
    (array_agg(unrealized_profit ORDER BY recorded_at, id))[1],
    min(unrealized_profit), max(unrealized_profit),
    (array_agg(unrealized_profit ORDER BY recorded_at DESC, id DESC))[1]
FROM trade_history
WHERE trade_id = %(trade)s AND recorded_at BETWEEN %(from)s AND %(until)s
GROUP BY width_bucket(
    extract(epoch FROM recorded_at - %(start)s)::float8,
    0, %(seconds)s::float8, %(buckets)s::integer
)
ORDER BY 2
"""


def closed_trades_in_order(
    bot_ids: Collection[uuid.UUID], tickets: Collection[str]
) -> Iterator[tuple[Decimal, bool]]:
    """Yield (net, is_short) of these tickets' closed trades, by close time and ticket.

    Reads through a server-side cursor, so that memory stays flat; needs a transaction.
    """
    wanted: list[Any] = [list(bot_ids), list(set(tickets))]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT min(k.opened_at), max(k.opened_at) {KNOWN_TICKETS}", wanted
        )
        span = cursor.fetchone()
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(
            f"SELECT t.net, t.trade_type = 'SELL' {KNOWN_TICKETS}"  # noqa: S608
            " CROSS JOIN LATERAL (SELECT t.profit + t.commission + t.swap AS net,"
            "  t.trade_type, t.closed_at"
            "  FROM trades t WHERE t.id = k.trade_id AND t.status = 'closed'"
            "  AND t.opened_at BETWEEN k.opened_at - interval '1 hour' AND k.opened_at"
            "  AND t.opened_at BETWEEN %s AND %s LIMIT 1) t"
            " ORDER BY t.closed_at, k.ticket_number::numeric",
            [*wanted, *span],
        )
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


@dataclass(frozen=True, slots=True)
class KnownTrade:
    trade_id: uuid.UUID
    opened_at: datetime
    closed_at: datetime | None


def known_trades(
    bot: BotInstance,
    tickets: Collection[str],
    *,
    months_from: datetime,
    months_until: datetime,
) -> dict[str, KnownTrade]:
    """Return a bot's trades of these tickets, by ticket: one probe each.

    All of them were opened between the two moments, which leave out other months.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.ticket_number, k.trade_id, k.opened_at, t.closed_at"  # noqa: S608
            f" {KNOWN_TICKETS}"
            " CROSS JOIN LATERAL (SELECT t.closed_at FROM trades t"
            "  WHERE t.id = k.trade_id"
            "  AND t.opened_at BETWEEN k.opened_at - interval '1 hour' AND k.opened_at"
            "  AND t.opened_at >= %s AND t.opened_at < %s LIMIT 1) t",
            [[bot.pk], sorted(tickets), months_from, months_until],
        )
        return {ticket: KnownTrade(*found) for ticket, *found in cursor.fetchall()}


def newest_ticks(
    trade: Trade,
    matching: QuerySet[TradeHistory],
    *,
    limit: int,
    after: Place | None = None,
) -> list[TradeHistory]:
    """Return prices of a trade, newest first; its life bounds the days that are read.

    A tick lies within a day of it.
    """
    ticks = matching.filter(trade=trade, recorded_at__gte=trade.opened_at - A_DAY)
    if trade.closed_at is not None:
        ticks = ticks.filter(recorded_at__lte=trade.closed_at + A_DAY)
    if after is not None:
        ticks = ticks.filter(
            Q(recorded_at__lt=after.moment) | Q(pk__lt=after.id),
            recorded_at__lte=after.moment,
        )
    return list(ticks.order_by("-recorded_at", "-id")[:limit])


def when_printed(trades: Iterable[Trade]) -> dict[uuid.UUID, str]:
    """Return, by bot, what the latest statement prints as its moment.

    Of the bots whose trades among these were open when it was printed.
    """
    bots = {each.bot_instance_id for each in trades if each.was_open_when_printed}
    if not bots:
        return {}
    latest = (
        StatementImport.objects.filter(bot_instance__in=bots)
        .order_by("bot_instance_id", "-created_at", "-id")
        .distinct("bot_instance_id")
    )
    return dict(latest.values_list("bot_instance_id", "printed_at"))


# As many as a chart has columns that an eye can tell apart.
BUCKETS = 300


@dataclass(frozen=True, slots=True)
class TickBucket:
    """The ticks of a three-hundredth of a trade's life: first, lowest, highest, last.

    Between the first and the last moment nothing tells when the extremes were.
    """

    count: int
    first_at: datetime
    last_at: datetime
    prices: tuple[Decimal, Decimal, Decimal, Decimal]
    profits: tuple[Decimal, Decimal, Decimal, Decimal]

    @property
    def moments(self) -> tuple[datetime, datetime, datetime, datetime]:
        middle = self.first_at + (self.last_at - self.first_at) / 2
        return self.first_at, middle, middle, self.last_at

    @property
    def lowest_profit(self) -> Decimal:
        return self.profits[1]

    @property
    def highest_profit(self) -> Decimal:
        return self.profits[2]


def drawn_ticks(trade: Trade, *, now: datetime) -> list[TickBucket]:
    """Return what a chart shows of a trade's prices, in order, however many there are.

    A tick lies within a day of the trade's life, which bounds the days that are read.
    """
    end = trade.closed_at or max(now, trade.opened_at)
    with connection.cursor() as cursor:
        cursor.execute(
            DRAWN_TICKS,
            {
                "trade": trade.pk,
                "from": trade.opened_at - A_DAY,
                "until": end + A_DAY,
                "start": trade.opened_at,
                "seconds": max((end - trade.opened_at).total_seconds(), 1),
                "buckets": BUCKETS,
            },
        )
        return [
            TickBucket(count, first_at, last_at, tuple(rest[:4]), tuple(rest[4:]))
            for count, first_at, last_at, *rest in cursor.fetchall()
        ]


# How many trades are added up at most while somebody waits for a page.
MOST_SUMMED = 100_000
TOO_MANY_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Sum:
    """Closed trades of one currency; net is profit + commission + swap."""

    currency: str
    trades: int
    won: int
    net: Decimal

    @property
    def win_rate(self) -> Decimal:
        return Decimal(100) * self.won / (self.trades or 1)


@dataclass(frozen=True, slots=True)
class Sums:
    """Per currency, the busiest first. Too many trades are not added up at all."""

    by_currency: list[Sum]
    is_capped: bool


def newest_trades(
    bots: Sequence[BotInstance],
    matching: QuerySet[Trade],
    *,
    limit: int,
    after: Place | None = None,
    ticket: str = "",
) -> list[Trade]:
    """Return the trades that match, with their bots: open ones, then by close time.

    LATERAL reads a few rows per bot off the index (bot, closed_at); one ORDER BY over
    all of the bots would sort all of their trades. `after` is the last row of the page
    before. A `ticket` is found by a probe.
    """
    rows = _in_their_months([bot.pk for bot in bots], matching, ticket)
    if rows is None:
        return []
    rows = _after(rows, after) if after else rows
    # `closed_at` may be absent, so what comes after a place is told by `_after`.
    return newest_of_bots(bots, rows, "closed_at", limit=limit, after=None)


def all_trades(
    bots: Sequence[BotInstance], matching: QuerySet[Trade], *, ticket: str = ""
) -> Iterator[Trade]:
    """Yield every trade that matches, in the order of `newest_trades`.

    Each two thousand are a query of their own, so that a slow reader holds no
    transaction open.
    """
    after = None
    while True:
        page = newest_trades(
            bots, matching, limit=ROWS_AT_ONCE, after=after, ticket=ticket
        )
        yield from page
        if len(page) < ROWS_AT_ONCE:
            return
        after = Place(page[-1].closed_at, page[-1].pk)


def sums_of_trades(
    bots: Sequence[BotInstance], matching: QuerySet[Trade], *, ticket: str = ""
) -> Sums:
    """Return the sums of the closed trades that match, never across currencies.

    At most 100,000 rows are read; where there are more, there are no sums, and for some
    minutes none of them is read again: trades rarely become fewer.
    """
    currency_of = {bot.pk: bot.account_currency for bot in bots}
    too_many = _key_of_too_many(currency_of, matching, ticket)
    if caches["kept"].get(too_many):
        return Sums([], is_capped=True)
    rows = _in_their_months(currency_of, matching, ticket)
    if rows is None:
        return Sums([], is_capped=False)
    net = F("profit") + F("commission") + F("swap")
    closed = of_bot_in_turn(rows).filter(status=TradeStatus.CLOSED)
    source, parameters = of_each_bot(
        currency_of, closed.values("bot_instance_id").annotate(net=net)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bot_instance_id, count(*), count(*) FILTER (WHERE net > 0),"  # noqa: S608
            f" sum(net) FROM (SELECT found.* FROM {source} LIMIT %s) capped"
            " GROUP BY bot_instance_id",
            [*parameters, MOST_SUMMED + 1],
        )
        by_bot = cursor.fetchall()
    if sum(trades for _, trades, _, _ in by_bot) > MOST_SUMMED:
        caches["kept"].set(too_many, "1", TOO_MANY_SECONDS)
        return Sums([], is_capped=True)
    sums: dict[str, Sum] = {}
    for bot_id, trades, won, total in by_bot:
        currency = currency_of[bot_id]
        so_far = sums.get(currency, Sum(currency, 0, 0, Decimal(0)))
        sums[currency] = Sum(
            currency, so_far.trades + trades, so_far.won + won, so_far.net + total
        )
    busiest = sorted(sums.values(), key=lambda each: (-each.trades, each.currency))
    return Sums(busiest, is_capped=False)


def _key_of_too_many(
    bot_ids: Collection[uuid.UUID], matching: QuerySet[Trade], ticket: str
) -> str:
    asked = (sorted(bot_ids), ticket, matching.order_by().query.sql_with_params())
    return f"too-many-{blake2b(repr(asked).encode(), digest_size=16).hexdigest()}"


def trades_of_ticket(
    bots: QuerySet[BotInstance], ticket: str, *, limit: int
) -> list[Trade]:
    """Return the trades of a ticket number, whichever of these bots has it.

    A probe for each bot: no index begins with the ticket.
    """
    text, parameters = bots.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.trade_id, k.opened_at"  # noqa: S608 -- our own SQL, no values
            f" FROM ({text}) AS bot (id), LATERAL (SELECT * FROM trade_tickets k"
            "  WHERE k.bot_instance_id = bot.id AND k.ticket_number = %s LIMIT 1) k"
            " LIMIT %s",
            [*parameters, ticket, limit],
        )
        known = dict(cursor.fetchall())
    if not known:
        return []
    found = Trade.objects.filter(
        pk__in=known,
        opened_at__gte=min(known.values()) - AN_HOUR,
        opened_at__lte=max(known.values()),
    )
    return list(found.select_related("bot_instance").order_by("-opened_at"))


def _in_their_months(
    bot_ids: Collection[uuid.UUID], matching: QuerySet[Trade], ticket: str
) -> QuerySet[Trade] | None:
    """Bound opened_at by the first and last ticket of these bots; None without one.

    A query of its own, 1 ms: the planner prunes months and chooses the index by the
    bounds it is given. Joined in as a subquery they made it sort every trade, 260 ms
    instead of 5 for six bots of 60,000.
    """
    if ticket:
        return _of_ticket(bot_ids, matching, ticket)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(first), max(last) FROM unnest(%s::uuid[]) AS bot (id),"
            " LATERAL (SELECT min(k.opened_at) AS first, max(k.opened_at) AS last"
            " FROM trade_tickets k WHERE k.bot_instance_id = bot.id) span",
            [list(bot_ids)],
        )
        first, last = cursor.fetchone()
    if first is None:
        return None
    return matching.filter(opened_at__gte=first, opened_at__lte=last)


def _of_ticket(
    bot_ids: Collection[uuid.UUID], matching: QuerySet[Trade], ticket: str
) -> QuerySet[Trade] | None:
    """Keep the trades of a ticket, by their ids: trades have no index of tickets."""
    known = list(
        TradeTicket.objects.filter(
            bot_instance__in=bot_ids, ticket_number=ticket
        ).values_list("trade_id", "opened_at")
    )
    if not known:
        return None
    moments = [opened_at for _, opened_at in known]
    return matching.filter(
        pk__in=[trade for trade, _ in known],
        opened_at__gte=min(moments),
        opened_at__lte=max(moments),
    )


def _after(rows: QuerySet[Trade], place: Place) -> QuerySet[Trade]:
    if place.moment is None:
        return rows.filter(Q(closed_at__isnull=False) | Q(pk__lt=place.id))
    # A trade opens before it closes: the second bound is one on the partition key.
    return rows.filter(
        Q(closed_at__lt=place.moment) | Q(pk__lt=place.id),
        closed_at__lte=place.moment,
        opened_at__lte=place.moment,
    )
