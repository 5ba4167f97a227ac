"""A good trade as an EA writes it, and one with a field written raw."""

import json
from datetime import timedelta

from smarttrader.lib import clock

# The doors read the real clock, and ticks older than a year are refused.
DAY = clock.now() - timedelta(days=21)
OPENED = f"{DAY:%Y.%m.%d} 10:00"
GOOD = {
    "ticket_number": "1",
    "symbol": "EURUSD",
    "trade_type": "BUY",
    "lot_size": "0.10",
    "open_price": "1.10000",
    "opened_at": OPENED,
}


def literal(name: str, value: str) -> bytes:
    """Return a good trade but for one field, of which the value is written raw."""
    rest = json.dumps({key: told for key, told in GOOD.items() if key != name})
    return f'{rest[:-1]}, "{name}": {value}}}'.encode()
