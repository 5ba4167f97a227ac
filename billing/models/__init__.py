"""Money: what a user pays for, and until when."""

from billing.models.papers import (
    CreditNote,
    CreditNoteCounter,
    Invoice,
    InvoiceCounter,
    Paper,
    PaperQuerySet,
    YearlyCounter,
)
from billing.models.payments import (
    BY_RESELLER,
    Dispute,
    Payment,
    PaymentQuerySet,
    PaymentStatus,
    Provider,
    Purpose,
    is_about_seen_by,
)
from billing.models.provider_events import (
    MOST_ATTEMPTS,
    ProviderEvent,
    ProviderEventQuerySet,
)
from billing.models.renewals import Renewal, RenewalQuerySet
from billing.models.subscription_events import (
    SubscriptionEvent,
    SubscriptionEventQuerySet,
    SubscriptionEventType,
)
from billing.models.subscriptions import (
    LIFETIME_END,
    LIVE,
    BillingCycle,
    Subscription,
    SubscriptionQuerySet,
    SubscriptionStatus,
)

__all__ = [
    "BY_RESELLER",
    "LIFETIME_END",
    "LIVE",
    "MOST_ATTEMPTS",
    "BillingCycle",
    "CreditNote",
    "CreditNoteCounter",
    "Dispute",
    "Invoice",
    "InvoiceCounter",
    "Paper",
    "PaperQuerySet",
    "Payment",
    "PaymentQuerySet",
    "PaymentStatus",
    "Provider",
    "ProviderEvent",
    "ProviderEventQuerySet",
    "Purpose",
    "Renewal",
    "RenewalQuerySet",
    "Subscription",
    "SubscriptionEvent",
    "SubscriptionEventQuerySet",
    "SubscriptionEventType",
    "SubscriptionQuerySet",
    "SubscriptionStatus",
    "YearlyCounter",
    "is_about_seen_by",
]
