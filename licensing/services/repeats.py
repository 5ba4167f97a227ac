"""Forms that are sent again: done once, and refused when they say something else."""

from django.utils.translation import gettext_lazy as _

from licensing.models import AllotmentEntry
from smarttrader.lib.errors import DomainError


class FormUsedAlready(DomainError):
    code = "FORM_USED_ALREADY"
    title = _("This form was sent already, with other values: open it anew")
    kind = "conflict"


def is_entered(key: str, **told: object) -> bool:
    """Tell whether the ledger has this key's line already, and it says the same.

    Raises FormUsedAlready when it says something else: what the form wants now was
    never done.
    """
    entry = AllotmentEntry.objects.filter(idempotency_key=key).first()
    if entry is None:
        return False
    if any(getattr(entry, name) != value for name, value in told.items()):
        raise FormUsedAlready
    return True
