"""How far a bot's equity lies below its peak, whatever is paid in or out.

EAs tell balances and trades, but no payments. What the balance changed beyond the
closed trades was paid, and scales the peak as it scales the equity.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

# Heartbeat and trades are told one after the other: only what stands for so long is
# taken for a payment.
DOUBTED_FOR = timedelta(minutes=5)
HUNDRED = Decimal(100)
PRECISION = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest equity so far, in the capital that the account had at `balance`."""

    value: Decimal
    balance: Decimal
    closed_since: datetime
    closed_net: Decimal  # of the trades that closed since then, as known at `balance`
    doubted_at: datetime | None = None  # since when trades do not explain the balance


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of an account at a moment; nets are of trades that closed."""

    equity: Decimal
    balance: Decimal
    day_start: datetime
    net_of_day: Decimal
    net_since: Decimal  # since the peak's `closed_since`, without a peak the day's


def first_peak(account: Account) -> Peak:
    return Peak(account.equity, account.balance, account.day_start, account.net_of_day)


def measured(
    peak: Peak | None, account: Account, now: datetime
) -> tuple[Decimal, Peak]:
    """Return by how many percent equity lies below the peak, and the new peak."""
    if peak is None or peak.value <= 0:
        return Decimal(0), first_peak(account)
    if account.equity <= 0:
        return HUNDRED, peak
    paid = account.balance - peak.balance - (account.net_since - peak.closed_net)
    unpaid = account.equity - paid
    if unpaid <= 0:
        return Decimal(0), first_peak(account)
    scaled = (peak.value * account.equity / unpaid).quantize(PRECISION, ROUND_HALF_UP)
    value = max(scaled, account.equity)
    drawdown = HUNDRED * (value - account.equity) / value
    if paid and not _is_settled(peak, now):
        return drawdown, replace(peak, doubted_at=peak.doubted_at or now)
    return drawdown, replace(first_peak(account), value=value)


def _is_settled(peak: Peak, now: datetime) -> bool:
    return peak.doubted_at is not None and now - peak.doubted_at >= DOUBTED_FOR
