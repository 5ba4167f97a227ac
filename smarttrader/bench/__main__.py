"""The command: `python -m smarttrader.bench [PART ...]`, sizes by BENCH.

Runs inside `python -m smarttrader.devstack test`, on services that are thrown away.
"""

import argparse
import base64
import os
import platform
import secrets
import sys

import django

from smarttrader.bench.server import NO_LIMITS
from smarttrader.bench.sizes import SIZES

PARTS = (
    *("rebuild", "incremental", "duckdb"),
    *("overview", "pages", "lists", "breakdowns"),
    *("stages", "heartbeat", "ticks", "copy", "trades", "resync", "deletion", "memory"),
    "back_office",
)


def main() -> int:
    options = _parser().parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smarttrader.settings")
    os.environ.update(NO_LIMITS)
    for name in ("SECRET_KEY", "JWT_SIGNING_KEY"):
        os.environ[name] = secrets.token_urlsafe(64)
    ring = base64.urlsafe_b64encode(secrets.token_bytes(64)).decode()
    os.environ["LICENSE_KEYRING"] = f"k1:{ring}"
    django.setup()
    from smarttrader.bench.running import run  # noqa: PLC0415 -- models are there now

    print(f"BENCH={options.size} on {_machine()}", flush=True)
    return run(SIZES[options.size], options.parts or PARTS)


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, Python {platform.python_version()}, {platform.system()}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m smarttrader.bench")
    parser.add_argument(
        "--size", choices=SIZES, default=os.environ.get("BENCH") or "medium"
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    return parser


if __name__ == "__main__":
    sys.exit(main())
