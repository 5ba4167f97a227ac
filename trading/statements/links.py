"""Partial closes: MetaTrader tells of them in the comments of both trades.

Closing a part of a position ends its ticket; the rest goes on as a new ticket with the
same open time and price. The ended one says "to #<new>", the new one "from #<ended>".
"""

import re

from trading.statements.rows import TradeRow

FROM = re.compile(r"\bfrom #(\d{1,50})\b")
TO = re.compile(r"\bto #(\d{1,50})\b")


def partial_close_links(row: TradeRow) -> dict[str, str]:
    """Return {new ticket: ended ticket} as far as one row's comment tells."""
    if match := FROM.search(row.comment):
        return {row.ticket: match[1]}
    if match := TO.search(row.comment):
        return {match[1]: row.ticket}
    return {}
