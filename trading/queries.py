"""Reads of trades."""

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from bots.models import BotInstance

ROWS_AT_ONCE = 2000


def closed_trades_in_order(
    bot_ids: Collection[uuid.UUID], tickets: list[str]
) -> Iterator[tuple[Decimal, bool]]:
    """Yield (net, is_short) of these tickets' closed trades, by close time and ticket.

    Reads through a server-side cursor, so that memory stays flat; needs a transaction.
    """
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT t.profit + t.commission + t.swap, t.trade_type = 'SELL'"
            " FROM trade_tickets k"
            " JOIN trades t ON t.id = k.trade_id AND t.opened_at = k.opened_at"
            " WHERE k.bot_instance_id = ANY (%s) AND k.ticket_number = ANY (%s)"
            " AND t.status = 'closed'"
            " ORDER BY t.closed_at, t.ticket_number::numeric",
            [list(bot_ids), tickets],
        )
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


@dataclass(frozen=True, slots=True)
class KnownTrade:
    trade_id: uuid.UUID
    opened_at: datetime
    closed_at: datetime | None


def known_trades(bot: BotInstance, tickets: Collection[str]) -> dict[str, KnownTrade]:
    """Return a bot's trades of these tickets, by ticket: one probe each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.ticket_number, k.trade_id, k.opened_at, t.closed_at"
            " FROM trade_tickets k"
            " JOIN trades t ON t.id = k.trade_id AND t.opened_at = k.opened_at"
            " WHERE k.bot_instance_id = %s AND k.ticket_number = ANY (%s)",
            [bot.pk, sorted(tickets)],
        )
        return {ticket: KnownTrade(*found) for ticket, *found in cursor.fetchall()}
