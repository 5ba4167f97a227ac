"""Passwords: is this theirs, and from now on it is that.

Hashing takes 0.3 s: it is done outside of transactions, and after limits were counted.
"""

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import AuthEventType, User
from accounts.services import events, users
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError


class PasswordWrong(DomainError):
    code = "PASSWORD_WRONG"
    title = _("This is not your password")
    kind = "refused"


def is_password(user: User | None, password: str) -> bool:
    """Tell whether it is the user's password; it takes as long for nobody's."""
    if user is None:
        make_password(password)
        return False
    return user.check_password(password)


def confirm_password(*, user: User, password: str, actor: Actor, now: datetime) -> None:
    """Refuse who does not know the password of the user they are signed in as.

    Raises PasswordWrong, and records it.
    """
    if not is_password(user, password):
        events.record_event(
            type=AuthEventType.SIGN_IN_FAILED,
            actor=actor,
            user=user,
            now=now,
            detail={"code": PasswordWrong.code},
        )
        raise PasswordWrong


def change_password(*, user: User, password: str, actor: Actor, now: datetime) -> None:
    """Set a password that was validated. The database ends tokens and sessions.

    Raises UserGone.
    """
    hashed = make_password(password)
    with transaction.atomic():
        users.update_row(user=user, password=hashed)
        events.record_event(
            type=AuthEventType.PASSWORD_CHANGED, actor=actor, user=user, now=now
        )


def note_change(*, before: User, actor: Actor, now: datetime) -> None:
    """Record that a user's password is no longer what it was before, if so."""
    user = User.objects.get(pk=before.pk)
    if user.password != before.password:
        events.record_event(
            type=AuthEventType.PASSWORD_CHANGED, actor=actor, user=user, now=now
        )
