import secrets
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import Role
from accounts.services import users
from smarttrader.lib.commands import DomainCommand


class Command(DomainCommand):
    help = "Create a user with a verified e-mail address."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", choices=Role.values, default=Role.USER)
        parser.add_argument("--password", help="Without it, one is made and printed.")
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        password = options["password"] or secrets.token_urlsafe(18)
        user = users.create_user(
            email=options["email"],
            role=Role(options["role"]),
            password=password,
            first_name=options["first_name"],
            last_name=options["last_name"],
        )
        self.stdout.write(f"Created {user.email} ({user.role})")
        if not options["password"]:
            self.stdout.write(f"Password: {password}")
            return
        try:
            validate_password(password, user)
        except ValidationError as error:
            # Whoever runs this command has the database anyway: tell, do not refuse.
            self.stderr.write("Weak password: " + " ".join(error.messages))
