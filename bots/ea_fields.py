"""What several calls of an EA carry, and what several are answered."""

from decimal import Decimal
from typing import Any

from bots.models import (
    FOURTEEN_HOURS_EAST,
    HALF_A_DAY_WEST,
    HEARTBEAT_SECONDS,
    BotStatus,
)
from bots.services.heartbeats import Heard, Heartbeat
from licensing.standing import Standing
from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.money import CENT

MONEY_LIMIT = Decimal("1e13")  # NUMERIC(15,2)
MOST_TRADES = 2**31 - 1
STATUSES = {status.value: status.value for status in BotStatus}


def utc_offset_of(fields: Fields) -> int | None:
    """Return the broker's time minus UTC in minutes, east positive."""
    return fields.integer(
        "utc_offset_minutes", smallest=HALF_A_DAY_WEST, largest=FOURTEEN_HOURS_EAST
    )


def heartbeat_of(fields: Fields) -> Heartbeat:
    """Return what a heartbeat tells; it may come alone or at the head of a sync."""
    return Heartbeat(
        status=BotStatus(fields.choice("status", STATUSES) or BotStatus.RUNNING),
        balance=fields.number("balance", step=CENT, below=MONEY_LIMIT),
        equity=fields.number("equity", step=CENT, below=MONEY_LIMIT),
        open_trades=fields.integer("open_trades", smallest=0, largest=MOST_TRADES),
        message=fields.text("message", limit=255),
        utc_offset_minutes=utc_offset_of(fields),
    )


def heard_keys(heard: Heard, standing: Standing) -> dict[str, Any]:
    """Return the keys of the reply to a heartbeat, alone or at the head of a sync."""
    return {
        "command": heard.command,
        "settings_version": heard.settings_version,
        "open_new": standing.may_open_new,
        "manage_open": standing.may_manage_open,
        "license_status": standing.license_status,
        "heartbeat_seconds": HEARTBEAT_SECONDS,
    }
