"""What is asked about people."""

from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.forms import ModelForm

from accounts.models import User


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
