from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from accounts import queries as accounts
from accounts.services.users import UserNotFound
from licensing.models import LicenseType
from licensing.services.issuing import issue_license
from smarttrader.lib import clock
from smarttrader.lib.actors import COMMAND_LINE
from smarttrader.lib.commands import DomainCommand


class Command(DomainCommand):
    help = "Issue a license and print its key, and nothing else, to stdout."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True, help="whose license it is")
        parser.add_argument(
            "--plan", required=True, type=str.upper, choices=LicenseType.values
        )
        parser.add_argument("--max-accounts", type=int)
        term = parser.add_mutually_exclusive_group()
        term.add_argument("--days", type=int)
        term.add_argument("--expires-at", type=_moment, metavar="ISO")
        term.add_argument("--lifetime", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        user = accounts.user_by_email(options["email"])
        if user is None:
            raise UserNotFound(f"nobody has the e-mail address {options['email']}")
        issued = issue_license(
            user=user,
            license_type=LicenseType(options["plan"]),
            max_accounts=options["max_accounts"],
            days=options["days"],
            expires_at=options["expires_at"],
            is_lifetime=options["lifetime"],
            # One that another system issued may have ended.
            may_have_ended=options["expires_at"] is not None,
            actor=COMMAND_LINE,
            now=now,
        )
        self.stdout.write(issued.key)


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise ArgumentTypeError(f"{text!r} is not an ISO 8601 time")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
