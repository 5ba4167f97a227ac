import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db.models import QuerySet

from accounts import queries as accounts
from accounts.models import User
from accounts.services.users import UserNotFound
from analytics.services.statements import (
    ImportedStatement,
    figure_as_json,
    import_statement,
)
from bots.models import BotInstance
from licensing.models import License
from smarttrader.lib import clock
from smarttrader.lib.commands import REFUSED, DomainCommand
from smarttrader.lib.errors import DomainError
from trading.services.statements import StatementDisagrees, StatementFile

MEGABYTE = 1024 * 1024


class Command(DomainCommand):
    help = (
        "Import a MetaTrader 4 account statement and compare it with its own summary."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--user", required=True, metavar="EMAIL")
        parser.add_argument("--license", metavar="ID", help="default: the newest one")
        parser.add_argument("--bot", metavar="ID", help="default: the account's own")
        parser.add_argument(
            "--utc-offset",
            type=int,
            choices=range(-720, 841),
            metavar="MINUTES",
            help="broker time minus UTC, east positive; default: the bot's",
        )
        parser.add_argument("--encoding", help="default: found out")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        user = accounts.user_by_email(options["user"])
        if user is None:
            raise UserNotFound(f"nobody has the e-mail address {options['user']}")
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"{path} is not a file", returncode=REFUSED)
        try:
            imported = self._import(user, path, options)
        except DomainError as refusal:
            if options["as_json"]:
                self.stdout.write(_refusal_as_json(refusal))
            raise
        self.stdout.write(
            _as_json(imported) if options["as_json"] else _table(imported)
        )
        if imported.mismatches:
            raise CommandError(f"{imported.mismatches} figures differ")

    def _import(
        self, user: User, path: Path, options: dict[str, Any]
    ) -> ImportedStatement:
        progress = _Progress(self, path.stat().st_size)
        with path.open("rb") as content:
            return import_statement(
                user=user,
                file=StatementFile(
                    content=content, name=path.name, encoding=options["encoding"]
                ),
                license=_owned(License.objects.all(), user, options["license"]),
                bot=_owned(BotInstance.objects.all(), user, options["bot"]),
                utc_offset_minutes=options["utc_offset"],
                now=clock.now(),
                on_progress=progress,
            )


class _Progress:
    """One line on stderr for each five percent of a file that is worth it."""

    def __init__(self, command: Command, size: int) -> None:
        self._command = command
        self._size = size
        self._shown = ("", 0)

    def __call__(self, step: str, bytes_read: int) -> None:
        percent = min(bytes_read * 100 // self._size // 5 * 5, 100)
        if self._size > MEGABYTE and self._shown != (step, percent):
            self._shown = (step, percent)
            self._command.stderr.write(f"{step} {percent} %")


def _owned(rows: "QuerySet[Any]", user: User, identifier: str | None) -> Any:
    if identifier is None:
        return None
    try:
        return rows.filter(user=user).get(pk=identifier)
    except (rows.model.DoesNotExist, ValidationError) as error:
        name = rows.model._meta.verbose_name
        raise CommandError(
            f"{user} has no {name} {identifier}", returncode=REFUSED
        ) from error


def _as_json(imported: ImportedStatement) -> str:
    record = imported.record
    return json.dumps(
        {
            "trades": record.trades,
            "created": record.created_rows,
            "updated": record.updated_rows,
            "unchanged": record.unchanged_rows,
            "cancelled": record.cancelled_orders,
            "open": record.open_trades,
            "figures": [figure_as_json(figure) for figure in imported.figures],
            "mismatches": imported.mismatches,
        },
        ensure_ascii=False,
        indent=2,
    )


def _refusal_as_json(refusal: DomainError) -> str:
    figures = refusal.figures if isinstance(refusal, StatementDisagrees) else []
    return json.dumps(
        {
            "error": refusal.code,
            "message": refusal.message,
            "figures": [figure_as_json(figure) for figure in figures],
            "mismatches": len(figures),
        },
        ensure_ascii=False,
        indent=2,
    )


def _table(imported: ImportedStatement) -> str:
    record = imported.record
    rows = [("", "printed by MetaTrader", "ours", "equal?")] + [
        (figure.name, figure.printed, figure.ours, "yes" if figure.is_equal else "NO")
        for figure in imported.figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        f"{name:{widths[0]}}  {printed:>{widths[1]}}  {ours:>{widths[2]}}  {equal}"
        for name, printed, ours, equal in rows
    ]
    counts = (
        f"Account {record.mt4_account} ({record.currency}): {record.trades} closed,"
        f" {record.open_trades} open, {record.cancelled_orders} cancelled;"
        f" {record.created_rows} created, {record.updated_rows} updated,"
        f" {record.unchanged_rows} unchanged"
    )
    return "\n".join([counts, *lines])
