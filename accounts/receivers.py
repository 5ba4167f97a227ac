"""Reactions to Django's and allauth's own announcements."""

from typing import Any

from allauth.account import signals as account_signals
from allauth.account.models import EmailAddress
from allauth.mfa import signals as factor_signals
from allauth.mfa.models import Authenticator
from django.apps import AppConfig
from django.contrib.auth import signals as auth_signals
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.db.models.signals import m2m_changed, post_migrate, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import attempts, queries
from accounts.actors import acting
from accounts.models import AuthEventType, User, normalize_email
from accounts.services import emails, events, groups
from smarttrader.lib import clock
from smarttrader.lib.actors import ActorType, actor_of

NOT_A_CODE = "TOTP_WRONG"
OF_THE_STAFF = {
    *("accounts", "licensing", "bots", "billing", "trading", "analytics"),
    *("notifications", "jobs", "admin"),
}


@receiver(post_migrate)
def bring_groups_up_to_date(sender: AppConfig, **_kwargs: Any) -> None:
    # Django makes an app's permissions in a receiver of its own, just before.
    # Where Django's own tables were migrated away there are neither.
    tables = connection.introspection.table_names()
    if sender.label in OF_THE_STAFF and Permission._meta.db_table in tables:
        groups.grant_permissions(sender.label)


@receiver(post_save, sender=User)
def learn_session_version(instance: User, *, created: bool, **_kwargs: Any) -> None:
    """Read what the database's trigger made of the version.

    Else a user who changes their own password in a browser would be signed out: their
    session would remember the version of before.
    """
    if not created:
        instance.refresh_from_db(fields=["session_version"])
        emails.follow_address(user=instance)


@receiver(m2m_changed, sender=User.groups.through)
def learn_version_of_groups(instance: User | Group, **_kwargs: Any) -> None:
    """Read what the triggers of groups made of the version."""
    if isinstance(instance, User):
        instance.refresh_from_db(fields=["session_version"])


@receiver(post_save, sender=EmailAddress)
def follow_address(instance: EmailAddress, *, created: bool, **_kwargs: Any) -> None:
    if created:
        emails.take_over_verification(address=instance)
    emails.follow_address(user=instance.user)


@receiver(account_signals.user_signed_up)
def note_registration(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    _note(AuthEventType.REGISTERED, request, user)


@receiver(account_signals.user_logged_in)
def note_sign_in(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    _note(AuthEventType.SIGNED_IN, request, user)


@receiver(auth_signals.user_logged_out)
def note_sign_out(request: HttpRequest, user: User | None, **_kwargs: Any) -> None:
    # A deleted user is signed out as well; there is nobody to tell of.
    if user is not None and user.pk is not None:
        _note(AuthEventType.SIGNED_OUT, request, user)


@receiver(auth_signals.user_login_failed)
def note_failed_sign_in(
    request: HttpRequest | None, credentials: dict[str, Any], **_kwargs: Any
) -> None:
    if request is None:
        return
    email = normalize_email(str(credentials.get("email", "")))
    events.record_event(
        type=AuthEventType.SIGN_IN_FAILED,
        actor=actor_of(request, ActorType.USER, None),
        user=queries.user_by_email(email),
        email=email,
        now=clock.now(),
    )


@receiver(factor_signals.authentication_failed)
def note_wrong_code(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    _note(AuthEventType.SIGN_IN_FAILED, request, user, code=NOT_A_CODE)


@receiver(
    [
        account_signals.password_changed,
        account_signals.password_set,
        account_signals.password_reset,
    ]
)
def note_password(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    _note(AuthEventType.PASSWORD_CHANGED, request, user)


@receiver(account_signals.password_reset)
def forgive_tries(user: User, **_kwargs: Any) -> None:
    """Let in at once who tried the old password until they asked for a new one."""
    attempts.forgive_account(user.email)


@receiver(account_signals.email_confirmed)
def note_verified_email(
    request: HttpRequest, email_address: EmailAddress, **_kwargs: Any
) -> None:
    _note(AuthEventType.EMAIL_VERIFIED, request, email_address.user)


@receiver(account_signals.email_changed)
def note_changed_email(
    request: HttpRequest,
    user: User,
    from_email_address: EmailAddress | None,
    **_kwargs: Any,
) -> None:
    # The first address of a new user is announced as a change from none.
    if from_email_address is not None:
        _note(AuthEventType.EMAIL_CHANGED, request, user)


@receiver(factor_signals.authenticator_added)
def note_new_factor(
    request: HttpRequest, user: User, authenticator: Authenticator, **_kwargs: Any
) -> None:
    if authenticator.type == Authenticator.Type.TOTP:
        _note(AuthEventType.TOTP_ENABLED, request, user)


@receiver(factor_signals.authenticator_removed)
def note_removed_factor(
    request: HttpRequest, user: User, authenticator: Authenticator, **_kwargs: Any
) -> None:
    if authenticator.type == Authenticator.Type.TOTP:
        _note(AuthEventType.TOTP_DISABLED, request, user)


def _note(
    type_: AuthEventType, request: HttpRequest, user: User, **detail: str
) -> None:
    events.record_event(
        type=type_,
        actor=acting(user, request),
        user=user,
        now=clock.now(),
        detail=detail,
    )
