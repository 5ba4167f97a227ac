from typing import Any

from django.conf import settings
from django.db import transaction

from accounts import queries as accounts
from accounts.models import Role
from accounts.services import create_user
from licensing import queries as licensing
from licensing.models import LicenseType
from licensing.services import issue_license
from smarttrader.lib import clock
from smarttrader.lib.commands import DomainCommand
from smarttrader.lib.errors import DomainError

PASSWORD = "smart-trader-demo"  # noqa: S105 -- refused outside DEBUG
CAST = [
    # e-mail, first name, role, license
    ("admin@example.com", "Ada", Role.ADMIN, None),
    ("bob@example.com", "Bob", Role.RESELLER, None),
    ("alice@example.com", "Alice", Role.USER, LicenseType.PRO),
    ("charlie@example.com", "Charlie", Role.USER, LicenseType.BASIC),
]


class NotALaptop(DomainError):
    code = "NOT_A_LAPTOP"
    title = "Demo users with a known password belong onto a laptop: DEBUG is off"


class Command(DomainCommand):
    help = "Create the demo users that are missing. Twice changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise NotALaptop
        with transaction.atomic():
            created = [
                email
                for email, first_name, role, license_type in CAST
                if self._ensure(email, first_name, role, license_type)
            ]
        self.stdout.write(f"{len(created)} of {len(CAST)} demo users created")

    def _ensure(
        self, email: str, first_name: str, role: Role, license_type: LicenseType | None
    ) -> bool:
        """Create what is missing of a demo user; tell whether the user was."""
        known = accounts.user_by_email(email)
        user = known or create_user(
            email=email, first_name=first_name, role=role, password=PASSWORD
        )
        if license_type and licensing.newest_license(user) is None:
            issue_license(
                user=user, license_type=license_type, is_lifetime=True, now=clock.now()
            )
        return known is None
