"""The back office's view of money: what is paid for, by whom, and what came in."""

from billing.admin import (  # noqa: F401 -- they register themselves
    papers,
    payments,
    provider_events,
    renewals,
    subscription_events,
    subscriptions,
)
