"""Money that staff or a reseller collect: nothing is asked of anybody."""

from decimal import Decimal

from billing.models import Payment, Provider, Subscription
from billing.providers import NotOnline, Order


class ManualProvider:
    name = Provider.MANUAL

    def checkout_url(self, order: Order, *, done_url: str, back_url: str) -> str:  # noqa: ARG002 -- the interface
        raise NotOnline

    def portal_url(self, subscription: Subscription, *, back_url: str) -> str:  # noqa: ARG002
        raise NotOnline

    def follow(self, subscription: Subscription) -> None:
        pass  # whoever collects looks here

    def refund(self, payment: Payment, amount: Decimal) -> None:
        pass  # it was paid back by hand
