"""Who acts, as events remember them."""

from typing import cast

from django.http import HttpRequest

from accounts.models import User
from smarttrader.lib.actors import Actor, actor_of


def signed_in(request: HttpRequest) -> User:
    """Return the user behind a page that wants a sign-in."""
    return cast("User", request.user)


def acting(user: User, request: HttpRequest) -> Actor:
    """Return the actor that a user is in a request of theirs, by whichever door."""
    return actor_of(request, user.actor_type, user.pk)
