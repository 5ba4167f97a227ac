"""What becomes of subscriptions and payments."""

from datetime import MAXYEAR, datetime
from typing import Any

from django.dispatch import Signal
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from billing import signals as billing
from billing.models import BillingCycle, Dispute, Payment, Subscription
from notifications.models import Event
from notifications.services.telling import Words, tell
from notifications.services.wording import amount_of, day_of


def _announces(signal: Signal, event: Event, title: Words, message: Words) -> None:
    """Let a signal of billing be told of; `message` may name what `_facts` holds."""

    def tell_of_subscription(
        subscription: Subscription, now: datetime, **more: Any
    ) -> None:
        facts = _facts(subscription, more.get("payment"), more.get("day"))
        tell(
            user=subscription.user,
            event=event,
            title=title,
            message=format_lazy(message, **facts),
            now=now,
            metadata={"subscription_id": str(subscription.pk)},
        )

    signal.connect(tell_of_subscription, weak=False, dispatch_uid=event.value)


def _facts(
    subscription: Subscription, payment: Payment | None, day: int | None
) -> dict[str, Any]:
    end = subscription.current_period_end
    facts = {
        "plan": subscription.get_plan_type_display(),
        "next_plan": subscription.get_next_plan_type_display() or "",
        "cycle": _cycle(subscription.billing_cycle),
        "next_cycle": _cycle(subscription.next_billing_cycle),
        "amount": amount_of(subscription.amount, subscription.currency),
        "end": _("for ever") if end.year == MAXYEAR else day_of(end),
        "overdue": _overdue(day or 0),
    }
    if payment is not None:
        facts["amount"] = amount_of(payment.amount, payment.currency)
        facts["refunded"] = amount_of(payment.refunded_amount, payment.currency)
        facts["dispute"] = _dispute(payment.dispute)
    return facts


def _overdue(days: int) -> Words:
    words = ngettext_lazy("due for {days} day", "due for {days} days", days)
    return format_lazy(words, days=days)


def _cycle_named(cycle: str | None) -> str:
    return str(BillingCycle(cycle).label).lower() if cycle else ""


def _dispute_named(dispute: str) -> str:
    return str(Dispute(dispute).label).lower() if dispute else ""


# A choice is named in the language of whoever is told, not of whoever acts.
_cycle, _dispute = lazy(_cycle_named, str), lazy(_dispute_named, str)


_announces(
    billing.subscription_started,
    Event.SUBSCRIPTION_STARTED,
    _("Your subscription begins"),
    _("{plan}, {amount}. Paid until: {end}."),
)
_announces(
    billing.subscription_renewed,
    Event.SUBSCRIPTION_RENEWED,
    _("Your subscription is renewed"),
    _("{plan}, {amount}. Paid until: {end}."),
)
_announces(
    billing.subscription_upgraded,
    Event.SUBSCRIPTION_UPGRADED,
    _("Your plan is upgraded"),
    _("{plan} from now on; {amount} were paid."),
)
_announces(
    billing.downgrade_scheduled,
    Event.DOWNGRADE_SCHEDULED,
    _("A smaller plan is scheduled"),
    _("{next_plan} follows {plan} on {end}."),
)
_announces(
    billing.subscription_downgraded,
    Event.SUBSCRIPTION_DOWNGRADED,
    _("Your smaller plan begins"),
    _("{plan} from now on, for {amount}."),
)
_announces(
    billing.cycle_change_scheduled,
    Event.CYCLE_CHANGE_SCHEDULED,
    _("Another cycle is scheduled"),
    _("{plan}: after {end} it is paid {next_cycle}."),
)
_announces(
    billing.cycle_changed,
    Event.CYCLE_CHANGED,
    _("Your subscription is paid otherwise"),
    _("{plan}, {cycle} from now on, {amount}. Paid until: {end}."),
)
_announces(
    billing.change_undone,
    Event.CHANGE_UNDONE,
    _("A scheduled change is undone"),
    _("{plan}, {cycle}, goes on as it is. Paid until: {end}."),
)
_announces(
    billing.payment_failed,
    Event.PAYMENT_FAILED,
    _("A payment failed"),
    _("{amount} for {plan} could not be collected. Check your way of paying."),
)
_announces(
    billing.payment_overdue,
    Event.PAYMENT_OVERDUE,
    _("A payment is overdue"),
    _("{amount} for {plan}, {overdue}. Without it your license is held."),
)
_announces(
    billing.subscription_suspended,
    Event.SUBSCRIPTION_SUSPENDED,
    _("Your subscription is suspended"),
    _("{amount} for {plan} did not come. Bots manage what is open, and open no more."),
)
_announces(
    billing.subscription_expired,
    Event.SUBSCRIPTION_EXPIRED,
    _("Your subscription has expired"),
    _("{plan} ended. A payment brings it back."),
)
_announces(
    billing.subscription_cancelled,
    Event.SUBSCRIPTION_CANCELLED,
    _("Your subscription is cancelled"),
    _("{plan} will not be renewed. Paid until: {end}."),
)
_announces(
    billing.cancellation_undone,
    Event.CANCELLATION_UNDONE,
    _("Your subscription goes on"),
    _("{plan} will be renewed. Paid until: {end}."),
)
_announces(
    billing.payment_refunded,
    Event.PAYMENT_REFUNDED,
    _("A payment is refunded"),
    _("{refunded} of {amount} for {plan} were sent back."),
)
_announces(
    billing.payment_disputed,
    Event.PAYMENT_DISPUTED,
    _("A payment is disputed"),
    _("{amount} for {plan}: {dispute}."),
)
