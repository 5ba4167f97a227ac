"""Who is in the demo, and which bots Alice has."""

from dataclasses import dataclass, replace
from datetime import timedelta

from accounts.models import Role
from licensing.models import Cycle, LicenseType
from smarttrader.simulation.roster import SCALPS, SWING
from smarttrader.simulation.strategy import Account

PASSWORD = "smart-trader-demo"  # noqa: S105 -- refused outside DEBUG
SEED = 1
HARDWARE_ID = "DEMO-PC"
ADMIN, BOB, ALICE, CHARLIE = (
    f"{name}@example.com" for name in ("admin", "bob", "alice", "charlie")
)


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    first_name: str
    last_name: str
    role: Role
    reseller: str | None = None


PEOPLE = (
    Person(ADMIN, "Ada", "Archer", Role.ADMIN),
    Person(BOB, "Bob", "Baker", Role.RESELLER),
    Person(ALICE, "Alice", "Adams", Role.USER, reseller=BOB),
    Person(CHARLIE, "Charlie", "Chaplin", Role.USER),
)

# What Bob may sell.
ALLOTMENTS = (
    (LicenseType.BASIC, Cycle.MONTHLY, 25),
    (LicenseType.PRO, Cycle.MONTHLY, 10),
    (LicenseType.PRO, Cycle.YEARLY, 5),
)


@dataclass(frozen=True, slots=True)
class DemoBot:
    """`is_simulated`: `make run` lets it trade on, under Alice's first license."""

    account: Account
    is_simulated: bool = True


# Bitcoin trades at weekends, too: whoever looks on a Sunday sees something move.
BOTS = (
    DemoBot(
        Account(
            number="51023377",
            name="Aurora Trend",
            broker="Meridian Markets",
            server="MeridianMarkets-Live",
            currency="USD",
            deposit=25_000,
            is_live=True,
            strategies=(
                replace(
                    SWING, symbols=("EURUSD", "GBPUSD", "XAUUSD"), trades_per_day=4.35
                ),
                replace(
                    SCALPS,
                    symbols=("EURUSD", "XAUUSD", "BTCUSD"),
                    trades_per_day=420,
                    skill=0.69,
                ),
            ),
        )
    ),
    DemoBot(
        Account(
            number="7704519",
            name="Breakout EUR",
            broker="Nordbank Trading",
            server="Nordbank-Real2",
            currency="EUR",
            deposit=12_000,
            is_live=True,
            utc_offset_minutes=120,
            strategies=(
                replace(
                    SWING,
                    name="breakout",
                    symbols=("EURUSD", "EURJPY"),
                    trades_per_day=2.5,
                ),
                replace(
                    SCALPS, symbols=("EURUSD", "BTCUSD"), trades_per_day=360, skill=0.75
                ),
            ),
        )
    ),
    DemoBot(
        Account(
            number="30088412",
            name="Samurai Night",
            broker="Sakura FX",
            server="SakuraFX-Demo",
            currency="JPY",
            deposit=2_000_000,
            utc_offset_minutes=540,
            strategies=(
                replace(
                    SWING,
                    name="range",
                    symbols=("USDJPY", "EURJPY"),
                    trades_per_day=1.45,
                ),
                replace(
                    SCALPS, symbols=("USDJPY", "BTCUSD"), trades_per_day=300, skill=0.66
                ),
            ),
        )
    ),
    DemoBot(
        Account(
            number="51023991",
            name="Gold Carry",
            broker="Meridian Markets",
            server="MeridianMarkets-Demo",
            currency="USD",
            deposit=5_000,
            strategies=(
                replace(
                    SWING,
                    name="carry",
                    symbols=("XAUUSD", "GBPUSD"),
                    trades_per_day=0.75,
                    shortest=timedelta(days=10),
                    longest=timedelta(days=30),
                ),
            ),
        ),
        is_simulated=False,
    ),
)
