"""Holding tickets: the first thing that a transaction with trades or ticks does."""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Protocol

from django.db import connection

from bots.models import BotInstance
from smarttrader.jobs.partitions import TRADES
from trading.models import trade_id

SQL = Path(__file__).parent.parent / "sql"
Held = dict[str, datetime]
Bounds = dict[str, datetime]


class Claim(Protocol):
    """A report that may be the first of its ticket."""

    @property
    def ticket_number(self) -> str: ...
    @property
    def opened_at(self) -> datetime: ...
    @property
    def digest(self) -> bytes | None: ...


def hold_tickets(
    *, bot: BotInstance, claims: Sequence[Claim] = (), others: Collection[str] = ()
) -> Held:
    """Claim the tickets that are new, lock all; return those that there are.

    With each comes the opened_at of its trade, by which a statement is told how few of
    the months it has to look into: the planner takes 60 of them for 60 times the work.

    `others` are locked if they are known, and claimed by nobody. Two transactions that
    hold tickets cannot deadlock: each does so once, before it writes anything of its
    trades, and in the order of ticket numbers. Whatever is locked on their trades and
    ticks afterwards is then nobody else's.
    """
    first: dict[str, Claim] = {}
    for claim in claims:
        first.setdefault(claim.ticket_number, claim)
    tickets = [*first, *others]
    if not tickets:
        return {}
    with connection.cursor() as cursor:
        if first:
            cursor.execute(
                statement("claim_tickets"),
                {
                    "bot_instance_id": bot.pk,
                    "ticket_number": list(first),
                    "opened_at": [claim.opened_at for claim in first.values()],
                    "trade_id": [
                        trade_id(bot.pk, ticket, claim.opened_at)
                        for ticket, claim in first.items()
                    ],
                    "report_digest": [claim.digest for claim in first.values()],
                },
            )
        # A statement of its own: its snapshot shows what a claim has waited for.
        cursor.execute(
            statement("lock_tickets"),
            {"bot_instance_id": bot.pk, "ticket_number": tickets},
        )
        return dict(cursor.fetchall())


def settled_tickets(*, bot: BotInstance, claims: Iterable[Claim]) -> set[str]:
    """Return the tickets whose trade has ended and stands as this report left it.

    Locks nothing: such a trade changes by no report that says the same.
    """
    digests = {claim.ticket_number: claim.digest for claim in claims if claim.digest}
    if not digests:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            statement("settled_tickets"),
            {
                "bot_instance_id": bot.pk,
                "ticket_number": list(digests),
                "report_digest": list(digests.values()),
            },
        )
        return {ticket for (ticket,) in cursor.fetchall()}


def verify_tickets(
    *, bot_ids: Collection[uuid.UUID], tickets: Collection[str], now: datetime
) -> Counter[uuid.UUID]:
    """Note that a statement proves these tickets of closed trades, whichever bot's.

    Return how many of each bot no statement had proved before. Within the caller's
    transaction; locks those.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            statement("verify_tickets"),
            {"bots": sorted(bot_ids), "tickets": sorted(set(tickets)), "now": now},
        )
        return Counter(bot_id for (bot_id,) in cursor.fetchall())


def months_of(held: Mapping[str, datetime], tickets: Iterable[str]) -> Bounds:
    """Return the months in which the trades of some held tickets were opened."""
    opened = [held[ticket] for ticket in tickets]
    last = TRADES.period_start(max(opened))
    return {
        "months_from": TRADES.period_start(min(opened)),
        "months_until": TRADES.next_period(last),
    }


@cache
def statement(name: str) -> str:
    return (SQL / f"{name}.sql").read_text()
