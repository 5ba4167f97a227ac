"""What people fill in about how they want to be told."""

from datetime import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from notifications.catalog import Channel, Event
from notifications.models import LONGEST_URL
from notifications.queries import Chosen

CLOCK = {"type": "time"}


class PreferencesForm(forms.Form):
    """One checkbox for each event and channel, and the quiet hours."""

    wanted = forms.MultipleChoiceField(
        required=False,
        choices=[
            (f"{event}:{channel}", f"{event}:{channel}")
            for event in Event
            for channel in Channel
        ],
    )
    quiet_from = forms.TimeField(
        label=_("From"),
        required=False,
        widget=forms.TimeInput(CLOCK, format="%H:%M"),
    )
    quiet_until = forms.TimeField(
        label=_("Until"),
        required=False,
        widget=forms.TimeInput(CLOCK, format="%H:%M"),
    )

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        ends = {told.get("quiet_from"), told.get("quiet_until")}
        is_right = ends == {None} or (None not in ends and len(ends) > 1)
        if not self.errors and not is_right:
            raise ValidationError(_("Quiet hours need a beginning and another end."))
        return told

    @property
    def choices(self) -> Chosen:
        wanted = set(self.cleaned_data["wanted"])
        return {
            (event, channel): f"{event}:{channel}" in wanted
            for event in Event
            for channel in Channel
        }

    @property
    def quiet_hours(self) -> tuple[time, time] | None:
        since, until = self.cleaned_data["quiet_from"], self.cleaned_data["quiet_until"]
        return None if since is None else (since, until)


def quiet_hours_of(user: User) -> dict[str, Any]:
    return {"quiet_from": user.quiet_from, "quiet_until": user.quiet_until}


class EndpointForm(forms.Form):
    url = forms.CharField(
        label=_("Address of your server"),
        max_length=LONGEST_URL,
        widget=forms.URLInput({"placeholder": "https://"}),
    )
