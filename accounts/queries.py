"""Reads of users."""

import uuid

from django.db.models import Exists

from accounts.models import RevokedToken, User, normalize_email


def user_by_email(email: str) -> User | None:
    """Return the user of an address, in whichever case it is written."""
    return User.objects.filter(email=normalize_email(email)).first()


def user_of_token(
    user_id: uuid.UUID, session_version: int, token_id: uuid.UUID
) -> User | None:
    """Return whom a token speaks for, unless they or it were locked out since.

    One query, on each call of the user API.
    """
    return (
        User.objects.filter(pk=user_id, session_version=session_version, is_active=True)
        .exclude(Exists(RevokedToken.objects.filter(pk=token_id)))
        .first()
    )
