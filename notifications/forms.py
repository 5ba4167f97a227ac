"""What people choose about what they are told."""

import uuid
from datetime import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from notifications.catalog import Channel, Event
from notifications.models import LONGEST_URL, DigestFrequency, NotificationType
from notifications.queries.inbox import Wanted
from notifications.queries.preferences import Chosen
from smarttrader.lib.keyset import NotAPlace, Place

UNREAD = "1"
CLOCK = {"type": "time"}
ASKED = " ".join(Event)
KINDS = {
    NotificationType.TRADE: _("Trades"),
    NotificationType.ALERT: _("Alerts"),
    NotificationType.ACCOUNT: _("Account"),
    NotificationType.SYSTEM: _("System"),
}


class InboxForm(forms.Form):
    """What an inbox is narrowed to, as its address says it."""

    unread = forms.ChoiceField(choices=[(UNREAD, _("Unread"))], required=False)
    type = forms.ChoiceField(choices=list(KINDS.items()), required=False)

    @property
    def wanted(self) -> Wanted:
        """Return what a valid form narrows the inbox to."""
        kind = self.cleaned_data["type"]
        return Wanted(
            only_unread=bool(self.cleaned_data["unread"]),
            type=NotificationType(kind) if kind else None,
        )


class SeenForm(forms.Form):
    """What a page of the inbox showed when its reader marked all of it as read."""

    rest = forms.CharField(required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.sent_ids: list[str] = data.getlist("seen")

    def clean_rest(self) -> Place | None:
        written = self.cleaned_data["rest"]
        try:
            place = Place.read(written) if written else None
        except NotAPlace as error:
            raise ValidationError("rest") from error
        if place and place.moment is None:
            raise ValidationError("rest")
        return place

    def clean(self) -> dict[str, Any]:
        try:
            seen = [uuid.UUID(sent) for sent in self.sent_ids]
        except ValueError as error:
            raise ValidationError("seen") from error
        return {**self.cleaned_data, "seen": seen}


class DigestForm(forms.Form):
    frequency = forms.ChoiceField(label=_("How often"), choices=DigestFrequency.choices)


class PreferencesForm(forms.Form):
    """One checkbox for each event and channel, and the quiet hours.

    A box that is not checked sends nothing, as one that was never asked. So the form
    ends with what it asked of: one that lacks it was cut off, or is of another page.
    """

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
    asked = forms.CharField(initial=ASKED, required=False, widget=forms.HiddenInput)

    @property
    def is_whole(self) -> bool:
        """Tell whether all that the page asks came, if anything did."""
        return not self.is_bound or self["asked"].data == ASKED

    def clean(self) -> dict[str, Any]:
        told = super().clean() or {}
        if not self.is_whole:
            raise ValidationError(_("Not all of the form arrived."))
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
