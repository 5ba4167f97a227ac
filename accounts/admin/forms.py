"""What is asked about people."""

from typing import Any

from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.forms import ModelForm
from django.utils.translation import gettext_lazy as _

from accounts.models import User

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
NOT_A_RESELLER_S = ("email", "is_active", "email_verified")


class NewUserForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "role")


class UserForm(UserChangeForm[User]):
    class Meta:
        model = User
        fields = "__all__"


class InvitationForm(ModelForm[User]):
    """What a reseller tells of a new customer."""

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name")
