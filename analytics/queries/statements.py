"""Imported statements, with what the check of each found."""

from django.db.models import QuerySet

from accounts.models import User
from trading.models import StatementImport


def with_checks() -> QuerySet[StatementImport]:
    """Return all imports with their checks and bots."""
    return StatementImport.objects.select_related("bot_instance", "check_result")


def statement_imports(user: User) -> QuerySet[StatementImport]:
    """Return a user's imports with their checks and bots, the newest first."""
    return with_checks().filter(user=user).order_by("-created_at", "-id")
