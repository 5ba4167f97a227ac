"""The tokens of users: how they are written, and what a good one claims."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, cast

from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import Token

from accounts.models import User

ALGORITHM = "HS256"
AUDIENCE = "user"
ISSUER = "smart-stock-trader"
LIFETIME = timedelta(days=7)
# What odd claims, and headers that nest without end, make the library raise.
UNREADABLE = (TokenError, LookupError, TypeError, ValueError, OverflowError, OSError)


class UserToken(Token):
    """A token with `aud`, `iss`, `sub`, `sv` (session version), `jti`, `iat`, `exp`."""

    token_type = "user"  # noqa: S105 -- its kind, not a secret
    lifetime = LIFETIME

    @cached_property
    def token_backend(self) -> TokenBackend:
        return TokenBackend(
            ALGORITHM, settings.JWT_SIGNING_KEY, audience=AUDIENCE, issuer=ISSUER
        )


@dataclass(frozen=True, slots=True)
class IssuedToken:
    text: str
    id: uuid.UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claims:
    user_id: uuid.UUID
    session_version: int
    token_id: uuid.UUID
    expires_at: datetime


def issue_token(user: User, *, now: datetime) -> IssuedToken:
    """Return a new token of a user; earlier ones stay good.

    It is good as long as the session version that the user was read with.
    """
    token = UserToken()
    token.set_iat(at_time=now)
    token.set_exp(from_time=now)
    token["sub"] = str(user.pk)
    token["sv"] = user.session_version
    return IssuedToken(str(token), uuid.UUID(token["jti"]), _moment(token["exp"]))


def read_token(text: str | bytes) -> Claims | None:
    """Return what a correctly signed token of ours claims, else None."""
    try:
        token = UserToken(cast("Token", text))
        return Claims(
            user_id=uuid.UUID(token["sub"]),
            session_version=_integer(token["sv"]),
            token_id=uuid.UUID(token["jti"]),
            expires_at=_moment(_integer(token["exp"])),
        )
    except (*UNREADABLE, AttributeError, RecursionError):
        return None


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not an integer")
    return value
