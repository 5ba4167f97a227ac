"""Tokens for tests: good ones, and ones that somebody forged."""

import warnings
from typing import Any

import jwt
from django.conf import settings

from accounts.models import User
from accounts.tokens import issue_token
from smarttrader.lib import clock


def bearer(user: User) -> dict[str, str]:
    """Return the header of a call by this user."""
    return bearing(issue_token(user, now=clock.now()).text)


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def claims_of(user: User) -> dict[str, Any]:
    """Return what a good token of the user claims."""
    token = issue_token(user, now=clock.now()).text
    return jwt.decode(token, options={"verify_signature": False})


def forged(claims: dict[str, Any], key: str | None = None, **options: Any) -> str:
    """Return a token with these claims, signed with our key unless told otherwise."""
    key = settings.JWT_SIGNING_KEY if key is None else key
    with warnings.catch_warnings(action="ignore"):  # our key is short for HS512
        return jwt.encode(claims, key, **{"algorithm": "HS256", **options})
