"""What a page is about: a bot or a license of who looks at it, else 404."""

import uuid

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.actors import signed_in
from bots.models import BotInstance


def own_bot(request: HttpRequest, pk: uuid.UUID) -> BotInstance:
    return get_object_or_404(BotInstance, user=signed_in(request), pk=pk)
