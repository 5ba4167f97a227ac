"""What the back office asks before it takes money, gives it back or changes a plan."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from billing.models import BillingCycle, Payment
from billing.queries import Offer, licenses_without_subscription
from licensing.models import License, LicenseType
from smarttrader.lib.admin_forms import LONGEST_REASON
from smarttrader.lib.text import clean_text

LONGEST_REFERENCE = 100
SOLD = [choice for choice in LicenseType.choices if choice[0] != LicenseType.TRIAL]


class ReferenceField(forms.CharField):
    """Names a payment, so that it counts once."""

    def __init__(self, **more: Any) -> None:
        super().__init__(
            label=gettext_lazy("Reference"),
            max_length=LONGEST_REFERENCE,
            help_text=gettext_lazy(
                "The bank's or the receipt's number: the same one counts once."
            ),
            **more,
        )

    def clean(self, value: Any) -> str:
        cleaned = clean_text(super().clean(value), LONGEST_REFERENCE)
        self.validate(cleaned)
        return cleaned


class PaidForm(forms.Form):
    reference = ReferenceField()


class ChangeForm(forms.Form):
    """Another plan or cycle: at once as paid, or at the end of what is paid for."""

    change = forms.ChoiceField(
        label=gettext_lazy("Change to"), widget=forms.RadioSelect
    )
    reference = ReferenceField(required=False)

    def __init__(self, data: Any, *, offers: list[Offer]) -> None:
        super().__init__(data)
        self.offers = {
            f"{each.plan.license_type} {each.cycle} {each.is_now}": each
            for each in offers
        }
        choices: Any = self.fields["change"]
        choices.choices = [(key, _told(each)) for key, each in self.offers.items()]

    @property
    def offer(self) -> Offer:
        return self.offers[self.cleaned_data["change"]]

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        is_chosen = "change" in told
        if is_chosen and self.offer.is_now and not told.get("reference"):
            self.add_error("reference", _("What begins at once is paid for first."))
        return told


class RefundForm(forms.Form):
    amount = forms.DecimalField(
        label=gettext_lazy("Amount"), max_digits=10, decimal_places=2
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        help_text=gettext_lazy("Stands on the credit note, which the buyer reads."),
    )
    refunded_before = forms.DecimalField(
        max_digits=10, decimal_places=2, widget=forms.HiddenInput
    )

    def __init__(self, data: Any, *, payment: Payment) -> None:
        left = Decimal(payment.amount) - payment.reversed_amount
        super().__init__(
            data,
            initial={"amount": left, "refunded_before": payment.refunded_amount},
        )

    def clean_reason(self) -> str:
        return clean_text(self.cleaned_data["reason"], LONGEST_REASON)


class BuyerForm(forms.Form):
    email = forms.EmailField(label=gettext_lazy("Customer's e-mail"))


class StartForm(forms.Form):
    email = forms.CharField(widget=forms.HiddenInput)
    license = forms.ModelChoiceField(
        License.objects.none(),
        label=gettext_lazy("License"),
        required=False,
        empty_label=gettext_lazy("A new one"),
    )
    plan_type = forms.ChoiceField(label=gettext_lazy("Plan"), choices=SOLD)
    billing_cycle = forms.ChoiceField(
        label=gettext_lazy("Paid"), choices=BillingCycle.choices
    )
    reference = ReferenceField()

    def __init__(self, data: Any, *, buyer: User) -> None:
        super().__init__(data, initial={"email": buyer.email})
        self.buyer = buyer
        licenses: Any = self.fields["license"]
        licenses.queryset = licenses_without_subscription(buyer)
        licenses.label_from_instance = lambda each: each.masked_key

    @property
    def order(self) -> dict[str, Any]:
        told = self.cleaned_data
        return {
            "user": self.buyer,
            "license": told["license"],
            "plan_type": LicenseType(told["plan_type"]),
            "billing_cycle": BillingCycle(told["billing_cycle"]),
            "reference": told["reference"],
        }


def _told(offer: Offer) -> str:
    told = {
        "plan": offer.plan,
        "cycle": BillingCycle(offer.cycle).label,
        "price": offer.price,
        "due": offer.due_now,
        "currency": offer.plan.currency,
    }
    if offer.is_now:
        text = _("%(plan)s, %(cycle)s: %(due)s %(currency)s now")
    else:
        text = _("%(plan)s, %(cycle)s: %(price)s %(currency)s, from the end")
    return text % told
