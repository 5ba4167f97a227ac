"""Which provider collects for what."""

from django.conf import settings

from billing.models import Provider, Subscription
from billing.providers import PaymentProvider
from billing.providers.manual import ManualProvider
from billing.providers.stripe_api import StripeProvider


def online_provider() -> PaymentProvider:
    """Return who takes payments online here: Stripe where it is set up, else nobody."""
    return StripeProvider() if settings.STRIPE_SECRET_KEY else ManualProvider()


def provider_named(name: str) -> PaymentProvider:
    """Return a provider by its name. Raises NotOnline for Stripe without its key."""
    return StripeProvider() if name == Provider.STRIPE else ManualProvider()


def provider_of(subscription: Subscription) -> PaymentProvider:
    """Return who collects for a subscription."""
    return provider_named(subscription.payment_method or Provider.MANUAL)
