"""The accounts that are simulated when nobody names other ones."""

import re
from dataclasses import replace
from datetime import timedelta

from smarttrader.simulation.chance import seed_of
from smarttrader.simulation.strategy import Account, Strategy

# Rare, larger trades that may stay open for days ...
SWING = Strategy(
    name="trend",
    symbols=("EURUSD",),
    magic_number=20_240,
    lane=0,
    trades_per_day=3,
    shortest=timedelta(minutes=40),
    longest=timedelta(days=3),
    risk=0.006,
    skill=0.64,
)
# ... and many small ones: what is seen to move within minutes.
SCALPS = Strategy(
    name="scalper",
    symbols=("EURUSD",),
    magic_number=20_241,
    lane=1,
    trades_per_day=240,
    shortest=timedelta(minutes=2),
    longest=timedelta(minutes=40),
    risk=0.0002,
    skill=0.74,
    is_flat_at_weekends=True,
)
CURRENCIES = ("USD", "EUR", "JPY")
DEPOSITS = {"USD": 10_000, "EUR": 8_000, "JPY": 1_500_000}
OFFSETS = (0, 120, 540, 180, -300)
SYMBOLS = (("EURUSD", "GBPUSD", "XAUUSD"), ("EURUSD", "EURJPY"), ("USDJPY", "EURJPY"))
SERVER = "SimulatedMarkets-Demo"


def accounts_of_license(license_key: str, count: int) -> list[Account]:
    """Return a license's accounts: the same ones whenever it is simulated again."""
    first = 10_000_000 + seed_of(_spelling(license_key)) % 800_000 * 100
    return [_account(first + place, place) for place in range(count)]


def hardware_of_license(license_key: str) -> str:
    """Return the computer that a license's simulated EAs run on."""
    return f"simulated PC {seed_of(_spelling(license_key))}"


def _spelling(license_key: str) -> str:
    """Return the one spelling of a key: dashes and case do not make it another."""
    return re.sub(r"[^0-9A-Z]", "", license_key.upper())


def _account(number: int, place: int) -> Account:
    currency = CURRENCIES[place % len(CURRENCIES)]
    symbols = SYMBOLS[place % len(SYMBOLS)]
    return Account(
        number=str(number),
        name=f"Simulated {place + 1} {currency}",
        broker="Simulated Markets",
        server=SERVER,
        currency=currency,
        deposit=DEPOSITS[currency],
        strategies=(replace(SWING, symbols=symbols), replace(SCALPS, symbols=symbols)),
        utc_offset_minutes=OFFSETS[place % len(OFFSETS)],
    )
