"""Reads of trades."""

import uuid
from collections.abc import Collection, Iterator
from decimal import Decimal

from django.db import connection, transaction

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
