"""What a page is about: a bot or a license of who looks at it, else 404."""

import uuid

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.actors import signed_in
from bots import queries
from bots.models import BotInstance
from licensing.models import License


def own_bot(request: HttpRequest, pk: uuid.UUID) -> BotInstance:
    return get_object_or_404(BotInstance, user=signed_in(request), pk=pk)


def own_license(request: HttpRequest, pk: uuid.UUID) -> License:
    """Return a license with its standing and the accounts that it is in use on."""
    owned = License.objects.with_standing().filter(user=signed_in(request))
    return get_object_or_404(queries.licenses_in_use(owned), pk=pk)
