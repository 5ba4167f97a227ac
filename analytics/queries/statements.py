"""Imported statements, with what the check of each found."""

from django.db.models import QuerySet

from accounts.models import User
from trading.models import StatementImport


def statement_imports(user: User) -> QuerySet[StatementImport]:
    """Return a user's imports with their checks and bots, the newest first."""
    return (
        StatementImport.objects.filter(user=user)
        .select_related("bot_instance", "check_result")
        .order_by("-created_at", "-id")
    )
