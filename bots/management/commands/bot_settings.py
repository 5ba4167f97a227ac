import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from bots import queries
from bots.services import bot_settings
from smarttrader.lib import clock
from smarttrader.lib.actors import COMMAND_LINE
from smarttrader.lib.commands import REFUSED, DomainCommand

# Decimals: no detour by a float.
TEXTS = ("risk_percentage", "max_daily_loss", "max_drawdown_percentage")


class Command(DomainCommand):
    help = "Change settings of a bot, all or none; print the version that holds now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bot", required=True, metavar="ID")
        parser.add_argument(
            "changes",  # not "settings": Django takes that for its own
            nargs="+",
            metavar="KEY=VALUE",
            help="risk_percentage=1.5 trailing_stop=true trading_pairs=EURUSD,GBPUSD"
            ' strategies_enabled=\'[{"name":"grid","enabled":true}]\'',
        )

    def handle(self, *args: Any, **options: Any) -> None:
        version = bot_settings.change_settings(
            bot=queries.required_bot(options["bot"]),
            changes=_changes(options["changes"]),
            actor=COMMAND_LINE,
            now=clock.now(),
        )
        self.stdout.write(f"version {version}")


def _changes(pairs: list[str]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name in changes:
            raise CommandError(
                f"{pair!r} is not KEY=VALUE, or stands there twice", returncode=REFUSED
            )
        changes[name] = _value(name, text)
    return changes


def _value(name: str, text: str) -> Any:
    """Return what is written, as JSON where it is that; pairs may stand bare."""
    if name in TEXTS:
        return text
    if name == "trading_pairs" and not text.startswith("["):
        return [pair.strip() for pair in text.split(",") if pair.strip()]
    try:
        return json.loads(text.lower() if text.lower() in ("true", "false") else text)
    except ValueError:
        return text
