"""Reads of users."""

from django.db.models import Exists

from accounts.models import RevokedToken, User, normalize_email
from accounts.tokens import Claims


def user_by_email(email: str) -> User | None:
    """Return the user of an address, in whichever case it is written."""
    return User.objects.filter(email=normalize_email(email)).first()


def user_of_token(claims: Claims) -> User | None:
    """Return whom a token speaks for, unless they or it were locked out since.

    One query, on each call of the user API.
    """
    return (
        User.objects.filter(
            pk=claims.user_id,
            session_version=claims.session_version,
            is_active=True,
        )
        .exclude(Exists(RevokedToken.objects.filter(pk=claims.token_id)))
        .first()
    )
