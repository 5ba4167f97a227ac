"""Secrets of webhooks sealed anew, when the keyring has a new key."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from notifications.models import WebhookEndpoint
from notifications.secrets import open_secret, seal_secret, secrets_ring

ROWS_AT_ONCE = 500


def rotate_secrets() -> int:
    """Seal each secret that an older key sealed with the newest; count the endpoints.

    Row by row, each locked, so that a secret replaced meanwhile stays; a second run
    goes on where the first was stopped. Raises ValueError for what no key opens.
    """
    rotated = 0
    keys = _stale().order_by("pk").values_list("pk", flat=True)
    while found := list(keys[:ROWS_AT_ONCE]):
        rotated += sum(map(_seal_anew, found))
    return rotated


def _stale() -> "QuerySet[WebhookEndpoint]":
    newest = f"{secrets_ring().newest}."
    return WebhookEndpoint.objects.filter(
        ~Q(secret__startswith=newest)
        | (~Q(former_secret="") & ~Q(former_secret__startswith=newest))
    )


@transaction.atomic
def _seal_anew(pk: UUID) -> int:
    # Under the lock it is looked at again: of two runs at once one counts it.
    endpoint = _stale().select_for_update().filter(pk=pk).first()
    if endpoint is None:
        return 0
    endpoint.secret = seal_secret(open_secret(endpoint.secret))
    if endpoint.former_secret:
        endpoint.former_secret = seal_secret(open_secret(endpoint.former_secret))
    endpoint.save(update_fields=["secret", "former_secret"])
    return 1
