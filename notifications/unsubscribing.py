"""The signed address by which somebody leaves mails of a kind, without signing in."""

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts.models import User
from notifications.catalog import Event

SALT = "notifications.unsubscribe"


@dataclass(frozen=True, slots=True)
class Leaving:
    user_id: uuid.UUID
    event: Event


def unsubscribe_url(user: User, event: str) -> str:
    token = signing.Signer(salt=SALT).sign_object([str(user.pk), event])
    return f"{settings.SITE_URL}{reverse('unsubscribe', args=[token])}"


def read_token(token: str) -> Leaving | None:
    """Return whom a token of ours lets leave what; it never grows old."""
    try:
        user_id, event = signing.Signer(salt=SALT).unsign_object(token)
        return Leaving(uuid.UUID(user_id), Event(event))
    except (signing.BadSignature, TypeError, ValueError):
        return None
