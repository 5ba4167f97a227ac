"""Who collects money for us, behind one interface."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from django.utils.translation import gettext_lazy as _

from billing.models import BillingCycle, Payment, Provider, Purpose, Subscription
from licensing.models import LicenseType
from smarttrader.lib.errors import DomainError


class ProviderRefused(DomainError):
    code = "PROVIDER_REFUSED"
    title = _("The payment provider could not do this; try again later")
    kind = "conflict"


class NotOnline(DomainError):
    code = "NOT_PAID_ONLINE"
    title = _("This is paid to whoever sold it, not online")
    kind = "conflict"


@dataclass(frozen=True)
class Order:
    """What somebody is about to pay for: a new subscription, or an upgrade of one."""

    purpose: Purpose
    user_id: str
    user_email: str
    plan_type: LicenseType
    billing_cycle: BillingCycle
    amount: Decimal
    currency: str
    license_id: str = ""
    subscription_id: str = ""
    customer_id: str = ""
    # Makes a second click the same checkout.
    key: str = ""


class PaymentProvider(Protocol):
    """Calls go over the network: never within a transaction."""

    name: Provider

    def checkout_url(self, order: Order, *, done_url: str, back_url: str) -> str:
        """Return where somebody pays. Raises NotOnline and ProviderRefused."""

    def portal_url(self, subscription: Subscription, *, back_url: str) -> str:
        """Return where somebody changes their card. Raises as above."""

    def follow(self, subscription: Subscription) -> None:
        """Let the provider collect as the subscription says; again changes nothing."""

    def refund(self, payment: Payment, amount: Decimal) -> None:
        """Pay back; what it amounts to comes as news. Raises ProviderRefused."""
