"""What is asked about people."""

from typing import Any

from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AdminUserCreationForm,
    UserChangeForm,
)
from django.core.exceptions import ValidationError
from django.forms import ChoiceField, ModelForm, RadioSelect
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User

NAME = ("first_name", "last_name")
PERSON = (*NAME, "time_zone", "language")
TIMES = ("last_login", "created_at")
FIELDS_OF_STAFF: Any = (
    (None, {"fields": ("email", "password")}),
    (_("Person"), {"fields": (*PERSON, "reseller")}),
    (
        _("Access"),
        {"fields": ("role", "is_active", "email_verified", "is_superuser", "groups")},
    ),
    (_("Times"), {"fields": (*TIMES, "updated_at")}),
)
PASSWORD = ("usable_password", "password1", "password2")
FIELDS_OF_NEW_USER: Any = ((None, {"fields": ("email", *NAME, "role", *PASSWORD)}),)
# What a reseller sees of a customer, and what of it stays as it is.
FIELDS_OF_CUSTOMER = ("email", *PERSON, "is_active", "email_verified", *TIMES)
NO_RIGHTS: dict[str, Any] = {"is_superuser": False, "groups": []}
NOT_A_RESELLER_S = ("email", "is_active", "email_verified")


CHOOSE_ONE = _("Who has none chooses one by “Forgot password?” where people sign in.")


class NewUserForm(AdminUserCreationForm[User]):
    """Asks for a password, or lets them choose one: nobody signs in without."""

    usable_password = ChoiceField(
        label=_("First password"),
        required=False,
        initial="true",
        choices={"true": _("Set one here"), "false": _("They choose one themselves")},
        widget=RadioSelect(attrs={"class": "radiolist inline"}),
        help_text=CHOOSE_ONE,
    )

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "role")


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Sets a password; who may not sign in is deactivated, not left without one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)


class UserForm(UserChangeForm[User]):
    class Meta:
        model = User
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        password = self.fields.get("password")
        if password and not self.instance.has_usable_password():
            password.help_text = CHOOSE_ONE

    def clean_reseller(self) -> User | None:
        """Refuse who is no reseller; who was one may keep whom they looked after."""
        reseller: User | None = self.cleaned_data["reseller"]
        if reseller is None or "reseller" not in self.changed_data:
            return reseller
        if reseller == self.instance or reseller.role != Role.RESELLER:
            raise ValidationError(_("This is no reseller, or the user themselves."))
        return reseller

    def clean(self) -> dict[str, Any]:
        """Take the staff's rights from who leaves the staff; give them to nobody else.

        Not every form asks for them.
        """
        told = super().clean() or self.cleaned_data
        if told.get("role") == Role.ADMIN:
            return told
        was_staff = self.initial["role"] == Role.ADMIN
        for name in NO_RIGHTS.keys() & told.keys():
            if was_staff:
                told[name] = NO_RIGHTS[name]
            elif told[name]:
                self.add_error(name, _("Only an admin may have this."))
        return told


class InvitationForm(ModelForm[User]):
    """What a reseller tells of a new customer."""

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name")
