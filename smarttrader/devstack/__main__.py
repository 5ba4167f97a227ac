"""The command line: `python -m smarttrader.devstack run|services|test|...`."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import environ

from smarttrader.devstack.catalogs import compile_catalogs
from smarttrader.devstack.console import Console
from smarttrader.devstack.errors import DevstackError
from smarttrader.devstack.services import Services, throw_away_services
from smarttrader.devstack.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        compile_catalogs()
        status: int = options.action(options)
    except DevstackError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(f"\nerror: {error}. Did another account run it?", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def run(options: argparse.Namespace) -> int:
    environ.Env.read_env(ROOT / ".env")
    debug: bool = environ.Env().bool("DEBUG", default=True)
    services = Services(options.home, os.environ)
    Supervisor(ROOT, services, options.port, debug=debug, bots=options.bots).run()
    return 0


def start_services(options: argparse.Namespace) -> int:
    environ.Env.read_env(ROOT / ".env")
    services = Services(options.home, os.environ)
    urls = services.start(Console(sys.stderr))
    services.keep()
    for name in ("DATABASE_URL", "REDIS_URL"):
        print(f"{name}={urls[name]}")
    return 0


def stop_services(options: argparse.Namespace) -> int:
    if not Services(options.home, {}).stop():
        print("PostgreSQL and Valkey stop with the `make run` that uses them.")
    return 0


def run_with_services(options: argparse.Namespace) -> int:
    environ.Env.read_env(ROOT / ".env")
    services = Services(options.home, os.environ)
    urls = services.start(Console(sys.stderr))
    try:
        return _call(options.command, urls)
    finally:
        services.leave()


def run_test(options: argparse.Namespace) -> int:
    console, settings = Console(sys.stderr), dict(options.postgres)
    with throw_away_services(os.environ, console, settings) as urls:
        return _call(options.command, urls)


def _call(command: Sequence[str], urls: Mapping[str, str]) -> int:
    """Run a command to its end, whatever signal we get: it gets the signal, too."""
    # Ctrl-C reaches the command by itself: it is of the same terminal. A handler, not
    # SIG_IGN, which the command would inherit.
    signal.signal(signal.SIGINT, lambda *_: None)
    process = subprocess.Popen(command, env={**os.environ, **urls})
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    status = process.wait()
    return status if status >= 0 else 128 - status


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text} is no NAME=VALUE")
    return name, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m smarttrader.devstack")
    parser.add_argument(
        "--home", type=Path, default=ROOT / "var", help="where the data lies (var/)"
    )
    actions = parser.add_subparsers(required=True)

    action = actions.add_parser("run", help="start everything, until Ctrl-C")
    action.add_argument("--port", type=int, default=8000)
    action.add_argument(
        "--bots", type=int, default=3, help="how many of the demo's EAs trade"
    )
    action.set_defaults(action=run)

    action = actions.add_parser("services", help="start PostgreSQL and Valkey alone")
    action.set_defaults(action=start_services)

    action = actions.add_parser("services-stop", help="stop them")
    action.set_defaults(action=stop_services)

    action = actions.add_parser("exec", help="run a command while they are up")
    action.add_argument("command", nargs="+")
    action.set_defaults(action=run_with_services)

    action = actions.add_parser("test", help="run a command on throw-away services")
    action.add_argument(
        "--postgres",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of its PostgreSQL",
    )
    action.add_argument("command", nargs="+")
    action.set_defaults(action=run_test)
    return parser


if __name__ == "__main__":
    sys.exit(main())
