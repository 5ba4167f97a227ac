"""Who: users, who sign in by e-mail and play one of three roles."""

import unicodedata
import zoneinfo
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.indexes import BrinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from smarttrader.lib.actors import ActorType
from smarttrader.lib.database import (
    CreatedAtField,
    SilentUniqueConstraint,
    UpdatedAtField,
    one_of,
)
from smarttrader.lib.ids import uuid7

LONGEST_EMAIL = 254  # RFC 5321, and allauth's column
# Local part without spaces or quoting, a domain of at least two labels.
EMAIL_PATTERN = (
    r"^[^\s@<>()\[\],;:\"\\]+"
    r"@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$"
)


class Role(models.TextChoices):
    USER = "user", _("User")
    ADMIN = "admin", _("Admin")
    RESELLER = "reseller", _("Reseller")


class Language(models.TextChoices):
    """Each by its own name: whoever looks for theirs reads no other."""

    ENGLISH = "en", "English"
    GERMAN = "de", "Deutsch"


def normalize_email(email: str) -> str:
    """Return the one spelling of an address that is stored and compared."""
    return unicodedata.normalize("NFKC", email).strip().lower()


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("%(name)s is not a time zone"), params={"name": name})


def validate_language(code: str) -> None:
    if code not in Language.values:
        raise ValidationError(
            _("%(code)s is not a language here"), params={"code": code}
        )


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: "User") -> Self:
        """Keep themselves and whom they look after; the staff see everybody."""
        if user.actor_type == ActorType.STAFF:
            return self.all()
        own = models.Q(pk=user.pk)
        is_reseller = user.actor_type == ActorType.RESELLER
        return self.filter(own | models.Q(reseller=user) if is_reseller else own)


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def visible_to(self, user: "User") -> UserQuerySet:
        return self.get_queryset().visible_to(user)

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return normalize_email(email or "")

    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        user = self.model(email=normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        return self.create_user(
            email,
            password,
            role=Role.ADMIN,
            is_superuser=True,
            email_verified=True,
            **fields,
        )

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=normalize_email(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(
        max_length=255,
        error_messages={"unique": _("A user with this e-mail address exists already")},
    )
    password = models.CharField("password", max_length=255, db_column="password_hash")
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    role = models.CharField(max_length=20, choices=Role, db_default=Role.USER)
    is_active = models.BooleanField(db_default=True)
    email_verified = models.BooleanField(db_default=False)
    last_login = models.DateTimeField(blank=True, null=True)
    time_zone = models.CharField(
        max_length=64,
        db_default="UTC",
        validators=[validate_time_zone],
        help_text=_("The zone in which pages show times, such as Europe/Berlin."),
    )
    language = models.CharField(
        max_length=12,
        choices=Language,
        db_default=Language.ENGLISH,
        validators=[validate_language],
    )
    # In `time_zone`, half-open; an end before its start is the next day's.
    quiet_from = models.TimeField(blank=True, null=True)
    quiet_until = models.TimeField(blank=True, null=True)
    # Whether any channel wants news of trades: known here, so that an EA's call that
    # brings trades need not ask. Kept by notifications.
    follows_trades = models.BooleanField(db_default=False, editable=False)
    # Goes up with each change of password, role, group or activity, by triggers: tokens
    # and browser sessions of an earlier version are good no more.
    session_version = models.PositiveIntegerField(db_default=1, editable=False)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()
    reseller = models.ForeignKey(
        "self",
        models.DO_NOTHING,  # SET NULL, in the database
        related_name="customers",
        blank=True,
        null=True,
        help_text=_("Who sold to them and looks after them."),
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "users"
        constraints = [
            models.UniqueConstraint(fields=["email"], name="users_email_unique"),
            # Of addresses in their one spelling both rules say the same.
            SilentUniqueConstraint(Lower("email"), name="users_email_lower_unique"),
            models.CheckConstraint(
                condition=models.Q(email__iregex=EMAIL_PATTERN),
                name="users_email_valid",
                violation_error_message=_("This is not an e-mail address."),
            ),
            one_of("role", Role, name="users_role_valid"),
            models.CheckConstraint(
                condition=models.Q(is_superuser=False) | models.Q(role=Role.ADMIN),
                name="users_superusers_are_staff",
                violation_error_message=_("Only an admin is a superuser."),
            ),
            models.CheckConstraint(
                condition=models.Q(quiet_from=None, quiet_until=None)
                | (
                    models.Q(quiet_from__isnull=False, quiet_until__isnull=False)
                    & ~models.Q(quiet_from=models.F("quiet_until"))
                ),
                name="users_quiet_hours_valid",
            ),
            models.CheckConstraint(
                condition=~models.Q(reseller=models.F("id")),
                name="users_reseller_is_another",
                violation_error_message=_("Nobody is their own reseller."),
            ),
            one_of("language", Language, name="users_language_valid"),
        ]
        indexes = [
            BrinIndex(fields=["created_at"], name="users_created_at"),
            BrinIndex(fields=["updated_at"], name="users_updated_at"),
            models.Index(fields=["role"], name="users_role"),
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        self.email = normalize_email(self.email)

    @property
    def is_staff(self) -> bool:
        """Whether the back office lets them in; what they see there is permissions'."""
        return self.role in (Role.ADMIN, Role.RESELLER)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what a browser session must remember to be good."""
        secret_state = f"{self.session_version}:{self.password}"
        return salted_hmac(
            "accounts.User.session", secret_state, secret, algorithm="sha256"
        ).hexdigest()

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def get_short_name(self) -> str:
        return self.first_name or self.email

    @property
    def actor_type(self) -> ActorType:
        """Return as what an event remembers somebody who acts in this role."""
        if self.role == Role.ADMIN:
            return ActorType.STAFF
        return ActorType.RESELLER if self.role == Role.RESELLER else ActorType.USER

    def owns_or_looks_after(self, owner: str) -> models.Q:
        """Return which rows they may see; `owner` is the path to a row's owner.

        Users see their own, resellers also their customers', staff all.
        """
        if self.actor_type == ActorType.STAFF:
            return models.Q()
        own = models.Q(**{owner: self})
        if self.actor_type == ActorType.USER:
            return own
        return own | models.Q(**{f"{owner}__reseller": self})


class AuthEventType(models.TextChoices):
    REGISTERED = "registered", _("Registered")
    EMAIL_VERIFIED = "email_verified", _("E-mail verified")
    EMAIL_CHANGED = "email_changed", _("E-mail changed")
    SIGNED_IN = "signed_in", _("Signed in")
    SIGN_IN_FAILED = "sign_in_failed", _("Sign-in failed")
    SIGNED_OUT = "signed_out", _("Signed out")
    TOKEN_ISSUED = "token_issued", _("Token issued")
    TOKEN_REFUSED = "token_refused", _("Token refused")
    TOKEN_REVOKED = "token_revoked", _("Token revoked")
    SESSIONS_ENDED = "sessions_ended", _("Signed out everywhere")
    PASSWORD_CHANGED = "password_changed", _("Password changed")
    TOTP_ENABLED = "totp_enabled", _("Second factor set up")
    TOTP_DISABLED = "totp_disabled", _("Second factor removed")
    ROLE_CHANGED = "role_changed", _("Role changed")
    GROUPS_CHANGED = "groups_changed", _("Groups changed")
    RESELLER_CHANGED = "reseller_changed", _("Reseller changed")
    DEACTIVATED = "deactivated", _("Deactivated")
    REACTIVATED = "reactivated", _("Reactivated")
    EXPORTED = "exported", _("Data exported")
    DELETED = "deleted", _("Deleted")


class ExportedFile(models.TextChoices):
    """Files that the back office hands out, as the audit names them."""

    LICENSES = "licenses.csv", _("Licenses")
    KEYS = "keys.csv", _("License keys")
    SALES = "sales.csv", _("Sales by month")
    REVENUE = "revenue.csv", _("Revenue")


class AuthEvent(models.Model):
    """Append-only audit of who got in, and of what decides that.

    Plain ids and a copy of the address as it was. A trigger refuses any change but
    that of forgetting the person, which happens when the user is deleted, and any
    deletion in the first year.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    type = models.CharField(max_length=30, choices=AuthEventType)
    user_id = models.UUIDField(blank=True, null=True, help_text=_("Whom it is about."))
    email = models.CharField(
        max_length=255, blank=True, help_text=_("As it was given.")
    )
    actor_type = models.CharField(max_length=20, choices=ActorType)
    actor_id = models.UUIDField(blank=True, null=True, help_text=_("Who did it."))
    ip = models.GenericIPAddressField(blank=True, null=True)
    user_agent = models.CharField(max_length=255, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        db_table = "auth_events"
        constraints = [
            one_of("type", AuthEventType, name="auth_events_type_valid"),
            one_of("actor_type", ActorType, name="auth_events_actor_type_valid"),
        ]
        indexes = [
            models.Index(
                fields=["type", "actor_type", "at", "id"], name="auth_events_newest"
            ),
            models.Index(fields=["user_id", "at"], name="auth_events_of_user"),
            models.Index(fields=["email", "at"], name="auth_events_of_email"),
            models.Index(fields=["actor_id", "at"], name="auth_events_of_actor"),
            models.Index(
                fields=["request_id"],
                condition=~models.Q(request_id=""),
                name="auth_events_of_request",
            ),
            BrinIndex(fields=["at"], name="auth_events_at"),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.at:%Y-%m-%d %H:%M}"


class RevokedToken(models.Model):
    """A user's token that was logged out before its end, by its `jti`."""

    id = models.UUIDField(primary_key=True, editable=False)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "revoked_tokens"

    def __str__(self) -> str:
        return str(self.pk)


class EmailCode(models.Model):
    """A code that was mailed to a user, who shows by it that the address is theirs.

    Of the code only a digest, which names the address as well.
    """

    user = models.OneToOneField(
        User, models.DO_NOTHING, primary_key=True, related_name="email_code"
    )
    digest = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(db_default=0)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "email_codes"

    def __str__(self) -> str:
        return str(self.pk)
