"""What a call must bring beside a token."""

from typing import cast

from rest_framework.request import Request

from accounts import attempts
from accounts.actors import acting
from accounts.models import User
from accounts.services import passwords
from smarttrader.lib import clock
from smarttrader.lib.actors import Actor


def caller(request: Request) -> User:
    """Return the user whom a call's token speaks for."""
    return cast("User", request.user)


def caller_as_actor(request: Request) -> Actor:
    """Return the caller as events remember them."""
    return acting(caller(request), request._request)  # noqa: SLF001 -- DRF's own


def require_password(request: Request, password: str) -> None:
    """Refuse who does not know the caller's password, counted as sign-ins are.

    Raises Throttled and PasswordWrong.
    """
    attempts.refuse_if_exceeded(attempts.count_sign_in(caller(request).email))
    passwords.confirm_password(
        user=caller(request),
        password=password,
        actor=caller_as_actor(request),
        now=clock.now(),
    )
    attempts.forgive_account(caller(request).email)
