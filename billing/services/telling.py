"""Telling providers what was decided here: as it stands, until they know."""

from datetime import datetime

from billing.models import Subscription
from billing.providers import NotOnline, ProviderRefused
from billing.providers.choosing import provider_of


def tell_providers(*, now: datetime) -> int:
    """Bring providers up to their subscriptions; count those that were told.

    The state is told, not the change, so telling it again does no harm. What changes
    meanwhile is told the next time. The network is called outside of any transaction.
    One that a provider refuses fails the run, after all others had their turn.
    """
    told, failures = 0, list[Exception]()
    for subscription in Subscription.objects.filter(is_provider_behind=True):
        try:
            provider_of(subscription).follow(subscription)
        except (NotOnline, ProviderRefused) as error:
            failures.append(error)
            continue
        told += Subscription.objects.filter(
            pk=subscription.pk, updated_at=subscription.updated_at
        ).update(is_provider_behind=False, updated_at=now)
    if failures:
        raise failures[0]
    return told
