"""Imported statements, with what the check of each found."""

from django.db.models import Q, QuerySet

from accounts.models import User
from smarttrader.lib.keyset import Place
from trading.models import StatementImport


def with_checks() -> QuerySet[StatementImport]:
    """Return all imports with their checks and bots."""
    return StatementImport.objects.select_related("bot_instance", "check_result")


def statement_imports(
    user: User, after: Place | None = None
) -> QuerySet[StatementImport]:
    """Return a user's imports with their checks and bots, the newest first.

    `after` is the last import of the page before.
    """
    imports = with_checks().filter(user=user)
    if after is not None and after.moment is not None:
        imports = imports.filter(
            Q(created_at__lt=after.moment) | Q(pk__lt=after.id),
            created_at__lte=after.moment,
        )
    return imports.order_by("-created_at", "-id")
