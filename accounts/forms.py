"""What people fill in about themselves."""

import zoneinfo
from typing import Any

from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import Language, User
from smarttrader.lib.text import clean_text

LONGEST_NAME = 100
# What the other names are old spellings of, but for UTC.
AREAS = (
    "Africa",
    "America",
    "Antarctica",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


class SignupForm(AllauthSignupForm):  # type: ignore[misc]
    """Sign up; a known address costs a hash, too, so that time tells none."""

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        user: User | None
        user, response = super().try_save(request)
        return user, response


class NameField(forms.CharField):
    """A name without markup or invisible characters."""

    def to_python(self, value: Any) -> str:
        try:
            return clean_text(super().to_python(value) or "", limit=LONGEST_NAME + 1)
        except ValueError as error:
            raise forms.ValidationError(_("Write it without markup.")) from error


class ProfileForm(forms.Form):
    first_name = NameField(
        label=_("First name"),
        max_length=LONGEST_NAME,
        required=False,
        widget=forms.TextInput({"autocomplete": "given-name"}),
    )
    last_name = NameField(
        label=_("Last name"),
        max_length=LONGEST_NAME,
        required=False,
        widget=forms.TextInput({"autocomplete": "family-name"}),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        help_text=_("Every time on your pages is shown in it."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = self.fields["time_zone"]
        zones.choices = _zone_choices(self.initial.get("time_zone"))  # type: ignore[attr-defined]


class DeletionForm(forms.Form):
    """The password again; `user` is whose account it is."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )


def _zone_choices(present: str | None) -> list[tuple[str, Any]]:
    """Return the zones of the world by area; the present one is among them."""
    names = sorted(zoneinfo.available_timezones())
    areas = [
        (area, [(name, _city(name)) for name in names if name.startswith(f"{area}/")])
        for area in AREAS
    ]
    known = {name for _area, zones in areas for name, _label in zones} | {"UTC"}
    other = [(present, present)] if present and present not in known else []
    return [*other, ("UTC", "UTC"), *areas]


def _city(name: str) -> str:
    return name.partition("/")[2].replace("_", " ").replace("/", " / ")
