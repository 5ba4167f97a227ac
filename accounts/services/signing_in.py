"""Tokens for who knows a password and, where one is set up, has the second factor."""

from dataclasses import replace
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import queries
from accounts.models import AuthEventType, User, normalize_email
from accounts.services import events, passwords
from accounts.tokens import IssuedToken, issue_token
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError


class SignInFailed(DomainError):
    code = "SIGN_IN_FAILED"
    title = _("The e-mail address or the password is wrong")
    kind = "unauthenticated"


class EmailUnverified(DomainError):
    code = "EMAIL_UNVERIFIED"
    title = _("The e-mail address is not verified yet")
    kind = "refused"


class CodeRequired(DomainError):
    code = "TOTP_REQUIRED"
    title = _("This account wants a code of its authenticator, too")
    kind = "refused"


class SecondFactorMissing(DomainError):
    code = "TOTP_NOT_SET_UP"
    title = _("Your role needs a second factor: set one up on the site first")
    kind = "refused"


class CodeWrong(DomainError):
    code = "TOTP_WRONG"
    title = _("The code is wrong, or was used already")
    kind = "unauthenticated"


def sign_in(
    *, email: str, password: str, code: str, actor: Actor, now: datetime
) -> IssuedToken:
    """Return a token for who proves to be the user of an address.

    One password is hashed and one event written, whether the user is unknown, inactive
    or has another password: all are told the same. Raises SignInFailed, and for who
    knows the password EmailUnverified, SecondFactorMissing, CodeRequired and CodeWrong.
    """
    user = queries.user_by_email(email)
    is_right = passwords.is_password(user, password)
    if user is None or not is_right or not user.is_active:
        events.record_event(
            type=AuthEventType.SIGN_IN_FAILED,
            actor=actor,
            user=user,
            email=normalize_email(email),
            now=now,
        )
        raise SignInFailed
    actor = replace(actor, id=user.pk)
    refusal = _refusal_of(user, code, now)
    if refusal:
        events.record_event(
            type=AuthEventType.TOKEN_REFUSED,
            actor=actor,
            user=user,
            now=now,
            detail={"code": refusal.code},
        )
        raise refusal
    return _issue(user, actor, now)


def _refusal_of(user: User, code: str, now: datetime) -> DomainError | None:
    if not user.email_verified:
        return EmailUnverified()
    factors = list(Authenticator.objects.filter(user=user))
    if not any(factor.type == Authenticator.Type.TOTP for factor in factors):
        is_duty = settings.STAFF_TOTP_REQUIRED and user.is_staff
        return SecondFactorMissing() if is_duty else None
    if not code:
        return CodeRequired()
    for factor in factors:
        # Both see to it that nobody uses a code twice.
        if factor.wrap().validate_code(code):
            Authenticator.objects.filter(pk=factor.pk).update(last_used_at=now)
            return None
    return CodeWrong()


def _issue(user: User, actor: Actor, now: datetime) -> IssuedToken:
    # Of the session version that was read before the password was checked: a change of
    # password in between leaves the token dead.
    token = issue_token(user, now=now)
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(last_login=now)
        events.record_event(
            type=AuthEventType.TOKEN_ISSUED,
            actor=actor,
            user=user,
            now=now,
            detail={"token": str(token.id)},
        )
    return token
