"""What the back office asks before it changes a license."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bots.admin.license_holds import told_of
from licensing.models import Cycle, LicenseHold, LicenseType
from licensing.services import staff_issuing
from licensing.services.holds import LIFTED_BY_STAFF
from licensing.services.issuing import MOST_ACCOUNTS
from licensing.services.reselling import MOST_CYCLES, MOST_LICENSES, Order
from licensing.services.terms import EndMoved
from smarttrader.lib.admin_forms import (
    LONGEST_REASON,
    FormKey,
    ReasonForm,
    RowsForm,
)

SOLD = [choice for choice in LicenseType.choices if choice[0] != LicenseType.TRIAL]
ADDED = [choice for choice in Cycle.choices if choice[0] != Cycle.LIFETIME]


class IssueForm(forms.Form):
    form_key = FormKey()
    email = forms.EmailField(
        label=_("Customer's e-mail"),
        help_text=_("Somebody new is invited: we mail them how to choose a password."),
    )
    first_name = forms.CharField(
        label=_("First name"),
        required=False,
        max_length=100,
        help_text=_("Of somebody new."),
    )
    last_name = forms.CharField(label=_("Last name"), required=False, max_length=100)
    license_type = forms.ChoiceField(label=_("Plan"), choices=SOLD)
    cycle = forms.ChoiceField(label=_("Cycle"), choices=Cycle.choices)
    max_accounts = forms.IntegerField(
        label=_("Accounts"),
        required=False,
        min_value=1,
        help_text=_("Up to the plan's, which is what an empty field means."),
    )
    quantity = forms.IntegerField(
        min_value=1, max_value=MOST_LICENSES, initial=1, label=_("Number of licenses")
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=LONGEST_REASON)

    @property
    def order(self) -> Order:
        told = self.cleaned_data
        return Order(
            email=told["email"],
            license_type=LicenseType(told["license_type"]),
            cycle=Cycle(told["cycle"]),
            quantity=told["quantity"],
            max_accounts=told["max_accounts"],
            first_name=told["first_name"],
            last_name=told["last_name"],
            note=told["note"],
        )


def user_of(email: str) -> User:
    """Return who has an address. Raises ValidationError."""
    address = User.objects.normalize_email(email)
    found = User.objects.filter(email=address).first()
    if found is None:
        raise forms.ValidationError(_("Nobody has this address."))
    return found


class StaffIssueForm(ReasonForm):
    """Anybody with an account gets them, a reseller's customer too."""

    form_key = FormKey()
    owner = forms.EmailField(
        label=_("Owner's e-mail"),
        help_text=_("Of anybody who has an account; a reseller's customer, too."),
    )
    license_type = forms.ChoiceField(
        label=_("Plan"), choices=LicenseType.choices, initial=LicenseType.PRO
    )
    max_accounts = forms.IntegerField(
        label=_("Accounts"),
        required=False,
        min_value=1,
        max_value=MOST_ACCOUNTS,
        help_text=_("Empty: as many as the plan has."),
    )
    days = forms.IntegerField(
        label=_("Days"),
        required=False,
        min_value=1,
        max_value=36_500,
        help_text=_("Empty: as long as the plan has it. A trial runs 14 at most."),
    )
    is_lifetime = forms.BooleanField(label=_("Without an end"), required=False)
    quantity = forms.IntegerField(
        min_value=1, max_value=MOST_LICENSES, initial=1, label=_("Number of licenses")
    )
    field_order = (
        *("owner", "license_type", "max_accounts", "days", "is_lifetime"),
        *("quantity", "reason"),
    )

    def clean_owner(self) -> User:
        found = user_of(self.cleaned_data["owner"])
        if not found.is_active:
            raise forms.ValidationError(_("This account is disabled."))
        return found

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        if told.get("is_lifetime") and told.get("days"):
            self.add_error("days", _("It has days, or it is without an end."))
        return told

    @property
    def order(self) -> staff_issuing.Order:
        told = self.cleaned_data
        return staff_issuing.Order(
            owner=told["owner"],
            license_type=LicenseType(told["license_type"]),
            quantity=told["quantity"],
            reason=told["reason"],
            max_accounts=told["max_accounts"],
            days=told["days"],
            is_lifetime=told["is_lifetime"],
        )


class ExtendByCyclesForm(forms.Form):
    form_key = FormKey()
    cycle = forms.ChoiceField(label=_("Cycle"), choices=ADDED)
    cycles = forms.IntegerField(
        label=_("How many"), min_value=1, max_value=MOST_CYCLES, initial=1
    )
    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=LONGEST_REASON
    )


class ExtendByDaysForm(RowsForm):
    """Keeps the end of each license as it was read, to move it from there once."""

    ends = forms.JSONField(widget=forms.HiddenInput)
    days = forms.IntegerField(
        label=_("Days"), min_value=1, max_value=36_500, initial=30
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ends"].initial = {
            str(row.pk): row.expires_at and row.expires_at.isoformat()
            for row in self.rows
        }

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        try:
            read = {row.pk: told["ends"][str(row.pk)] for row in self.rows}
            ends = {pk: _moment(end) for pk, end in read.items()}
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            # Not of the field, which nobody sees.
            raise forms.ValidationError(EndMoved.title) from error
        return {**told, "ends": ends}


class HoldsField(forms.ModelMultipleChoiceField[LicenseHold]):
    widget = forms.CheckboxSelectMultiple
    default_error_messages = {
        "invalid_choice": _("One of these holds is open no more: open the page anew."),
    }

    def label_from_instance(self, obj: LicenseHold) -> str:
        return f"{obj.license}: {told_of(obj)}"


class LiftHoldsForm(RowsForm):
    """Staff lift what anybody holds but billing, which lifts its own."""

    holds = HoldsField(LicenseHold.objects.none(), label=_("Holds to lift"))
    field_order = ("holds", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["holds"]
        field.queryset = (
            LicenseHold.objects.open()
            .filter(license__in=self.rows, source__in=LIFTED_BY_STAFF)
            .select_related("license")
            .order_by("license_id", "placed_at")
        )
        # There is nothing to choose between: the reason alone is asked for.
        if len(field.queryset) == 1:
            field.initial = field.queryset


def _moment(end: str | None) -> datetime | None:
    """Return an end of a form; None is that of a license without one."""
    return None if end is None else datetime.fromisoformat(end).astimezone(UTC)


class ChangePlanForm(ReasonForm):
    license_type = forms.ChoiceField(label=_("Plan"), choices=SOLD)
    max_accounts = forms.IntegerField(
        label=_("Accounts"),
        required=False,
        min_value=1,
        help_text=_("Empty: as many as the plan has."),
    )


class TransferForm(ReasonForm):
    to = forms.EmailField(label=_("New owner's e-mail"))

    def clean_to(self) -> User:
        return user_of(self.cleaned_data["to"])
