"""How much is measured: small is a smoke test, full is what the product promises."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """`few` and `many` are the trades of the two histories that are compared."""

    bots: int
    few: int
    many: int
    repetitions: int
    calls: int  # of each HTTP call in a repetition
    batches: int  # of ticks and trades in a repetition
    resync: int  # trades that an EA uploads, and again
    deleted_trades: int
    deleted_ticks: int
    lines: int  # in each of the back office's other large tables


SIZES = {
    "small": Sizes(
        bots=20,
        few=1_000,
        many=4_000,
        repetitions=2,
        calls=20,
        batches=2,
        resync=1_100,
        deleted_trades=200,
        deleted_ticks=1_000,
        lines=4_000,
    ),
    "medium": Sizes(
        bots=1000,
        few=100_000,
        many=1_000_000,
        repetitions=5,
        calls=300,
        batches=10,
        resync=6_700,
        deleted_trades=20_000,
        deleted_ticks=200_000,
        lines=1_000_000,
    ),
    "full": Sizes(
        bots=5000,
        few=1_000_000,
        many=10_000_000,
        repetitions=7,
        calls=500,
        batches=20,
        resync=6_700,
        deleted_trades=100_000,
        deleted_ticks=1_000_000,
        lines=10_000_000,
    ),
}
