"""What people choose about what they are told."""

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from notifications.models import DigestFrequency, NotificationType
from notifications.queries.inbox import Wanted
from smarttrader.lib.keyset import NotAPlace, Place

UNREAD = "1"
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
