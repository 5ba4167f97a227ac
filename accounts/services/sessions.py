"""Ending tokens and browser sessions."""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import F

from accounts.models import AuthEventType, RevokedToken, User
from accounts.services import events, users
from accounts.tokens import Claims
from smarttrader.lib.actors import Actor


def revoke_token(*, user: User, claims: Claims, actor: Actor, now: datetime) -> None:
    """End one token before its time; the user's others stay good."""
    with transaction.atomic():
        _, is_new = RevokedToken.objects.get_or_create(
            pk=claims.token_id, defaults={"expires_at": claims.expires_at}
        )
        if is_new:
            events.record_event(
                type=AuthEventType.TOKEN_REVOKED,
                actor=actor,
                user=user,
                now=now,
                detail={"token": str(claims.token_id)},
            )


def end_sessions(*, user: User, actor: Actor, now: datetime) -> None:
    """End every token and browser session of a user.

    The user given learns the new version: a page that goes on with its own session
    has to renew that session's hash. Raises UserGone.
    """
    with transaction.atomic():
        users.update_row(user=user, session_version=F("session_version") + 1)
        events.record_event(
            type=AuthEventType.SESSIONS_ENDED, actor=actor, user=user, now=now
        )


def end_browser_session(*, session: UserSession, actor: Actor, now: datetime) -> None:
    """Sign one browser out."""
    with transaction.atomic():
        session.end()
        events.record_event(
            type=AuthEventType.SIGNED_OUT,
            actor=actor,
            user=session.user,
            now=now,
            detail={"browser": session.user_agent},
        )


def delete_expired_tokens(*, now: datetime) -> int:
    """Forget the revoked tokens that would be good no more anyway; count them."""
    deleted, _ = RevokedToken.objects.filter(expires_at__lt=now).delete()
    return deleted
