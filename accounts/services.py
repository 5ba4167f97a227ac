"""Writes to users."""

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.models import Role, User, normalize_email
from smarttrader.lib.errors import DomainError


class EmailInvalid(DomainError):
    code = "EMAIL_INVALID"
    title = "This is not an e-mail address"
    kind = "invalid"


class EmailTaken(DomainError):
    code = "EMAIL_TAKEN"
    title = "A user with this e-mail address exists already"
    kind = "conflict"


class NameInvalid(DomainError):
    code = "NAME_INVALID"
    title = "A first or last name has at most 100 characters"
    kind = "invalid"


class UserNotFound(DomainError):
    code = "USER_NOT_FOUND"
    title = "No user has this e-mail address"
    kind = "missing"


def create_user(
    *,
    email: str,
    role: Role = Role.USER,
    password: str | None = None,
    first_name: str = "",
    last_name: str = "",
    reseller: User | None = None,
) -> User:
    """Create a user whose address is vouched for by whoever creates them.

    An admin gets every permission. Without a password they sign in by resetting it.
    Raises EmailInvalid, EmailTaken and NameInvalid.
    """
    email = normalize_email(email)
    fields = {"first_name": first_name, "last_name": last_name, "role": role}
    is_superuser = role == Role.ADMIN
    candidate = User(email=email, first_name=first_name, last_name=last_name)
    try:
        candidate.clean_fields(exclude={"password"})
    except ValidationError as error:
        if {"first_name", "last_name"} & set(error.message_dict):
            raise NameInvalid from error
        raise EmailInvalid(f"{email!r} is not an e-mail address") from error
    try:
        candidate.validate_constraints(exclude={"id", "role"})
    except ValidationError as error:
        if User.objects.filter(email=email).exists():
            raise EmailTaken(f"{email} has an account already") from error
        raise EmailInvalid(f"{email!r} is not an e-mail address") from error
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email,
                password,
                email_verified=True,
                is_superuser=is_superuser,
                reseller=reseller,
                **fields,
            )
            EmailAddress.objects.create(
                user=user, email=email, verified=True, primary=True
            )
    except IntegrityError as error:  # another session was faster
        raise EmailTaken(f"{email} has an account already") from error
    return user


def delete_user(*, user: User) -> None:
    """Delete a user and all that is theirs, in one statement that loads no row.

    Cascades run in the database; licenses go after the bots that run under them. The
    licenses are locked first: an activation holds one, then asks for its owner's row.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM users WHERE id = %(id)s AND (SELECT count(*) FROM (SELECT FROM"
            " licenses WHERE user_id = %(id)s ORDER BY id FOR UPDATE) locked) >= 0",
            {"id": user.pk},
        )
