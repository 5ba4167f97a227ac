"""What staff do to a license, from a shell."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError

from accounts import queries as accounts
from accounts.services.users import UserNotFound
from bots.services import licenses
from bots.services.activations import LicenseNotFound
from licensing import queries as licensing
from licensing.models import HoldSource, License, LicenseType
from licensing.services import holds, secrets, terms
from smarttrader.lib import clock
from smarttrader.lib.actors import COMMAND_LINE
from smarttrader.lib.commands import REFUSED, DomainCommand

LIST_OF_ACTIONS = """
suspend        place staff's hold         reinstate   release it
revoke         end it for ever            extend      by --days
reset-hardware unlock it from its PC      rotate      replace the key, print the new one
reveal         print the key              change-plan to --plan [--max-accounts N]
transfer       to the user --to, print the new key
"""


class Command(DomainCommand):
    help = f"Change a license. Actions: {LIST_OF_ACTIONS}"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=sorted(ACTIONS))
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--key", help="the license's key")
        which.add_argument("--license", metavar="ID", help="the license's id")
        parser.add_argument("--reason", default="", help="kept in the license's events")
        parser.add_argument("--days", type=int, help="for extend")
        parser.add_argument(
            "--plan", type=str.upper, choices=LicenseType.values, help="for change-plan"
        )
        parser.add_argument("--max-accounts", type=int, help="for change-plan")
        parser.add_argument("--to", metavar="EMAIL", help="for transfer")

    def handle(self, *args: Any, **options: Any) -> None:
        license_ = _license(options)
        act = ACTIONS[options["action"]]
        told = {
            "license": license_,
            "reason": options["reason"],
            "actor": COMMAND_LINE,
            "now": clock.now(),
        }
        self.stdout.write(act(told, options))


def _license(options: dict[str, Any]) -> License:
    if options["key"] is not None:
        found = licensing.license_by_key(options["key"])
    else:
        found = licensing.license_by_id(options["license"])
    if found is None:
        raise LicenseNotFound
    return found


def _suspend(told: dict[str, Any], _options: dict[str, Any]) -> str:
    holds.suspend_license(source=HoldSource.ADMIN, **told)
    return "suspended"


def _reinstate(told: dict[str, Any], _options: dict[str, Any]) -> str:
    holds.reinstate_license(source=HoldSource.ADMIN, **told)
    return "reinstated"


def _revoke(told: dict[str, Any], _options: dict[str, Any]) -> str:
    terms.revoke_license(**told)
    return "revoked"


def _extend(told: dict[str, Any], options: dict[str, Any]) -> str:
    extended = terms.extend_license(days=_needed(options, "days"), **told)
    ends: datetime | None = extended.expires_at
    return ends.isoformat() if ends else ""


def _reset_hardware(told: dict[str, Any], _options: dict[str, Any]) -> str:
    licenses.reset_hardware(**told)
    return "hardware reset"


def _rotate(told: dict[str, Any], _options: dict[str, Any]) -> str:
    return licenses.rotate_key(**told).key


def _reveal(told: dict[str, Any], _options: dict[str, Any]) -> str:
    return secrets.reveal_key(**told)


def _change_plan(told: dict[str, Any], options: dict[str, Any]) -> str:
    plan = LicenseType(_needed(options, "plan"))
    terms.change_plan(license_type=plan, max_accounts=options["max_accounts"], **told)
    return plan.value


def _transfer(told: dict[str, Any], options: dict[str, Any]) -> str:
    email = _needed(options, "to")
    user = accounts.user_by_email(email)
    if user is None:
        raise UserNotFound(f"nobody has the e-mail address {email}")
    return licenses.transfer(to=user, **told).key


def _needed(options: dict[str, Any], name: str) -> Any:
    if options[name] is None:
        raise CommandError(f"{options['action']} needs --{name}", returncode=REFUSED)
    return options[name]


ACTIONS = {
    "suspend": _suspend,
    "reinstate": _reinstate,
    "revoke": _revoke,
    "extend": _extend,
    "reset-hardware": _reset_hardware,
    "rotate": _rotate,
    "reveal": _reveal,
    "change-plan": _change_plan,
    "transfer": _transfer,
}
