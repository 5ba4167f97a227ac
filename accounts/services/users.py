"""Writes to users."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import LONGEST_EMAIL, AuthEventType, Role, User, normalize_email
from accounts.services import emails, events
from smarttrader.lib.actors import SYSTEM, Actor
from smarttrader.lib.database import DatabaseNow
from smarttrader.lib.errors import DomainError

PROFILE_FIELDS = {"first_name", "last_name", "time_zone", "language"}


class EmailInvalid(DomainError):
    code = "EMAIL_INVALID"
    title = _("This is not an e-mail address")
    kind = "invalid"
    field = "email"


class EmailTaken(DomainError):
    code = "EMAIL_TAKEN"
    title = _("A user with this e-mail address exists already")
    kind = "conflict"


class NameInvalid(DomainError):
    code = "NAME_INVALID"
    title = _("A first or last name has at most 100 characters")
    kind = "invalid"


class UserNotFound(DomainError):
    code = "USER_NOT_FOUND"
    title = _("No user has this e-mail address")
    kind = "missing"


class UserGone(DomainError):
    code = "USER_GONE"
    title = _("The account was deleted meanwhile")
    kind = "missing"


def create_user(
    *,
    email: str,
    role: Role = Role.USER,
    password: str | None = None,
    first_name: str = "",
    last_name: str = "",
    reseller: User | None = None,
    is_verified: bool = True,
) -> User:
    """Create a user whose address is vouched for by whoever creates them, or is not.

    An admin gets every permission. Without a password they sign in by resetting it.
    Raises EmailInvalid, EmailTaken and NameInvalid.
    """
    email = normalize_email(email)
    names = {"first_name": first_name, "last_name": last_name}
    _check_fields(User(email=email, **names))
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email,
                password,
                email_verified=is_verified,
                is_superuser=role == Role.ADMIN,
                role=role,
                reseller=reseller,
                **names,
            )
            EmailAddress.objects.create(
                user=user, email=email, verified=is_verified, primary=True
            )
    except IntegrityError as error:  # another session was faster
        raise _taken(email) from error
    return user


def _check_fields(candidate: User) -> None:
    """Raise what `create_user` raises, unless such a user may be created."""
    email = candidate.email
    if len(email) > LONGEST_EMAIL:
        raise EmailInvalid(
            _("An e-mail address has at most %(longest_email)s characters")
            % {"longest_email": LONGEST_EMAIL}
        )
    try:
        candidate.clean_fields(exclude={"password"})
    except ValidationError as error:
        if {"first_name", "last_name"} & set(error.message_dict):
            raise NameInvalid from error
        raise _no_address(email) from error
    try:
        candidate.validate_constraints(exclude={"id", "role"})
    except ValidationError as error:
        if User.objects.filter(email=email).exists():
            raise _taken(email) from error
        raise _no_address(email) from error


def _taken(email: str) -> EmailTaken:
    return EmailTaken(_("%(email)s has an account already") % {"email": email})


def _no_address(email: str) -> EmailInvalid:
    return EmailInvalid(
        _("%(email)s is not an e-mail address") % {"email": f"{email!r}"}
    )


def delete_user(*, user: User, now: datetime, actor: Actor = SYSTEM) -> None:
    """Delete a user and all that is theirs, in one statement that loads no row.

    Cascades run in the database; licenses go after the bots that run under them. The
    licenses are locked first: an activation holds one, then asks for its owner's row.
    The event of it is written first, and forgets with the others who it was. A user
    who is gone already leaves none.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        events.record_event(type=AuthEventType.DELETED, actor=actor, user=user, now=now)
        cursor.execute(
            "DELETE FROM users WHERE id = %(id)s AND (SELECT count(*) FROM (SELECT FROM"
            " licenses WHERE user_id = %(id)s ORDER BY id FOR UPDATE) locked) >= 0",
            {"id": user.pk},
        )
        if not cursor.rowcount:
            transaction.set_rollback(True)


def update_row(*, user: User, **values: Any) -> None:
    """Change a user's row; the user given learns what the database makes of it.

    Wants a transaction of the caller's. Raises UserGone: a call may have been let in
    just before its user was deleted.
    """
    values["updated_at"] = DatabaseNow()
    if not User.objects.filter(pk=user.pk).update(**values):
        raise UserGone
    user.refresh_from_db()


def update_profile(*, user: User, changes: dict[str, str]) -> None:
    """Set what a user may set themselves: PROFILE_FIELDS, already cleaned.

    Raises UserGone.
    """
    with transaction.atomic():
        update_row(
            user=user,
            **{name: changes[name] for name in changes.keys() & PROFILE_FIELDS},
        )


def set_active(
    *, user: User, is_active: bool, reason: str, actor: Actor, now: datetime
) -> None:
    """Let a user in, or out: the database ends their sessions and tokens.

    Locks the user. What is so already is left as it is. Raises UserGone.
    """
    with transaction.atomic():
        locked = User.objects.select_for_update(no_key=True).filter(pk=user.pk)
        before = locked.values_list("is_active", flat=True).first()
        if before == is_active:
            return
        update_row(user=user, is_active=is_active)
        is_back = AuthEventType.REACTIVATED if is_active else AuthEventType.DEACTIVATED
        events.record_event(
            type=is_back, actor=actor, user=user, now=now, detail={"reason": reason}
        )


def save_user(
    *,
    user: User,
    before: User | None,
    actor: Actor,
    now: datetime,
    groups: Iterable[Group] | None = None,
) -> None:
    """Save a user whom the back office has edited, and record what it changes.

    `before` is the user as they were, None for a new one; without `groups` they stay in
    theirs. Who is not of the staff, or no longer, is no superuser and in no group.
    """
    with transaction.atomic():
        groups_before = _names_of_groups(user)
        is_staff = user.role == Role.ADMIN
        user.is_superuser = user.is_superuser and is_staff
        # Saving reads it anew from allauth; of a new user nobody has said anything yet.
        is_verified = before is not None and user.email_verified
        user.save()
        if groups is not None and is_staff:
            user.groups.set(groups)  # from who is no staff a trigger takes them
        emails.set_address(user=user, is_verified=is_verified)
        for type_, detail in _changes_of_access(before, user, groups_before):
            events.record_event(
                type=type_, actor=actor, user=user, now=now, detail=detail
            )


def _changes_of_access(
    before: User | None, user: User, groups_before: list[str]
) -> Iterator[tuple[AuthEventType, dict[str, Any]]]:
    if before is None:
        yield AuthEventType.REGISTERED, {"after": _access_of(user)}
        return
    if _access_of(before) != _access_of(user):
        yield (
            AuthEventType.ROLE_CHANGED,
            {"before": _access_of(before), "after": _access_of(user)},
        )
    groups = _names_of_groups(user)
    if groups_before != groups:
        yield (
            AuthEventType.GROUPS_CHANGED,
            {"before": {"groups": groups_before}, "after": {"groups": groups}},
        )
    if before.reseller_id != user.reseller_id:
        yield (
            AuthEventType.RESELLER_CHANGED,
            {"before": _reseller_of(before), "after": _reseller_of(user)},
        )
    if before.is_active and not user.is_active:
        yield AuthEventType.DEACTIVATED, {}
    if user.is_active and not before.is_active:
        yield AuthEventType.REACTIVATED, {}
    if before.email != user.email:
        yield AuthEventType.EMAIL_CHANGED, {}


def _access_of(user: User) -> dict[str, Any]:
    return {"role": user.role, "is_superuser": user.is_superuser}


def _names_of_groups(user: User) -> list[str]:
    return list(user.groups.order_by("name").values_list("name", flat=True))


def _reseller_of(user: User) -> dict[str, Any]:
    """Return an id: events forget whom they are about, and would not forget another."""
    return {"reseller": str(user.reseller_id) if user.reseller_id else None}
