"""The subscription page: what is paid for, other plans, the way out, invoices."""

import uuid
from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.actors import signed_in
from billing import queries
from billing.models import BillingCycle, Subscription
from billing.providers import Order
from billing.providers.choosing import online_provider, provider_of
from billing.services import cancelling, checkouts, cycles, plans
from licensing.models import License, LicenseType
from smarttrader.lib import clock
from smarttrader.lib.actors import Actor, ActorType, actor_of
from smarttrader.lib.errors import DomainError
from smarttrader.lib.localization import localized_day

PAPERS_SHOWN, PAPERS_AT_MOST = 12, 500


@require_safe
@login_required
def subscription(request: HttpRequest) -> HttpResponse:
    user, now = signed_in(request), clock.now()
    is_sold_online, is_whole = checkouts.is_sold_online(), "all" in request.GET
    papers = queries.papers_of(user, PAPERS_AT_MOST if is_whole else PAPERS_SHOWN + 1)
    own = queries.subscriptions_to_show(user, now, is_sold_online=is_sold_online)
    shown = {
        "subscriptions": own,
        "trial": None if own else queries.trial_of(user),
        "papers": papers if is_whole else papers[:PAPERS_SHOWN],
        "has_more": not is_whole and len(papers) > PAPERS_SHOWN,
        "offers": queries.plans_on_offer(),
        "licenses": queries.licenses_without_subscription(user),
        "is_sold_online": is_sold_online,
    }
    return render(request, "billing/subscription.html", shown)


@require_POST
@login_required
def buy(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    try:
        plan_type = LicenseType(request.POST.get("plan_type", ""))
        billing_cycle = BillingCycle(request.POST.get("billing_cycle", ""))
        license_id = request.POST.get("license", "")
        licenses = License.objects.filter(user=user)
        license = licenses.get(pk=uuid.UUID(license_id)) if license_id else None
    except (ValueError, License.DoesNotExist) as error:
        raise Http404 from error
    return _to_checkout(
        request,
        lambda: checkouts.order_start(
            user=user,
            plan_type=plan_type,
            billing_cycle=billing_cycle,
            license=license,
        ),
    )


@require_POST
@login_required
def upgrade(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    own, plan_type = _own(request, pk), _plan_type(request)
    return _to_checkout(
        request,
        lambda: checkouts.order_upgrade(
            subscription=own, plan_type=plan_type, now=clock.now()
        ),
    )


@require_POST
@login_required
def downgrade(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    own, plan_type = _own(request, pk), _plan_type(request)

    def act(now: datetime) -> None:
        scheduled = plans.schedule_downgrade(
            subscription=own, plan_type=plan_type, actor=_owner(request), now=now
        )
        text = _("From %(day)s on you have the smaller plan.")
        messages.success(request, text % {"day": localized_day(scheduled.at)})
        if scheduled.accounts_beyond:
            warning = ngettext(
                "%(n)d account is in use beyond it: it goes on, but no new one starts.",
                "%(n)d accounts are in use beyond it: they go on, but no new one"
                " starts.",
                scheduled.accounts_beyond,
            )
            messages.warning(request, warning % {"n": scheduled.accounts_beyond})

    return _act(request, act)


@require_POST
@login_required
def keep_plan(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    own = _own(request, pk)

    def act(now: datetime) -> None:
        plans.forget_change(subscription=own, actor=_owner(request), now=now)
        messages.success(request, _("Your plan stays as it is."))

    return _act(request, act)


@require_POST
@login_required
def cycle(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Go and pay for a longer cycle that begins at once."""
    own, billing_cycle = _own(request, pk), _cycle(request)
    return _to_checkout(
        request,
        lambda: checkouts.order_cycle(
            subscription=own, billing_cycle=billing_cycle, now=clock.now()
        ),
    )


@require_POST
@login_required
def cycle_later(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    own, billing_cycle = _own(request, pk), _cycle(request)

    def act(now: datetime) -> None:
        begins = cycles.schedule_cycle(
            subscription=own,
            billing_cycle=billing_cycle,
            actor=_owner(request),
            now=now,
        )
        text = _("From %(day)s on you pay %(cycle)s.")
        told = {"day": localized_day(begins), "cycle": billing_cycle.label.lower()}
        messages.success(request, text % told)

    return _act(request, act)


@require_POST
@login_required
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    own = _own(request, pk)

    def act(now: datetime) -> None:
        cancelling.cancel_at_period_end(
            subscription=own, actor=_owner(request), now=now
        )
        text = _("Cancelled. It runs until %(day)s; until then you can undo this.")
        messages.success(request, text % {"day": localized_day(own.current_period_end)})

    return _act(request, act)


@require_POST
@login_required
def undo(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    own = _own(request, pk)

    def act(now: datetime) -> None:
        cancelling.undo_cancellation(subscription=own, actor=_owner(request), now=now)
        messages.success(request, _("Your subscription goes on."))

    return _act(request, act)


@require_POST
@login_required
def portal(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    own = _own(request, pk)
    back = request.build_absolute_uri(reverse("subscription"))
    try:
        url = provider_of(own).portal_url(own, back_url=back)
    except DomainError as refusal:
        return _refused(request, refusal)
    return render(request, "billing/leave.html", {"url": url, "is_portal": True})


@require_safe
@login_required
def paid(request: HttpRequest) -> HttpResponse:
    """Take what a checkout paid for, if its webhook has not done so yet."""
    try:
        checkouts.finish_checkout(
            user=signed_in(request),
            session_id=request.GET.get("session_id", ""),
            now=clock.now(),
        )
    except DomainError as refusal:
        return _refused(request, refusal)
    messages.success(request, _("Thank you. What you paid for is yours in a moment."))
    return redirect("subscription")


def _own(request: HttpRequest, pk: uuid.UUID) -> Subscription:
    """Return the caller's own: who looks after somebody does not act for them here."""
    return get_object_or_404(Subscription, user=signed_in(request), pk=pk)


def _owner(request: HttpRequest) -> Actor:
    return actor_of(request, ActorType.USER, signed_in(request).pk)


def _plan_type(request: HttpRequest) -> LicenseType:
    try:
        return LicenseType(request.POST.get("plan_type", ""))
    except ValueError as error:
        raise Http404 from error


def _cycle(request: HttpRequest) -> BillingCycle:
    try:
        return BillingCycle(request.POST.get("billing_cycle", ""))
    except ValueError as error:
        raise Http404 from error


def _act(request: HttpRequest, act: Callable[[datetime], None]) -> HttpResponse:
    try:
        act(clock.now())
    except DomainError as refusal:
        return _refused(request, refusal)
    return redirect("subscription")


def _to_checkout(request: HttpRequest, make: Callable[[], Order]) -> HttpResponse:
    """Show the way to the provider: our policy lets no form lead to another site."""
    back = request.build_absolute_uri(reverse("subscription"))
    done = request.build_absolute_uri(reverse("subscription_paid"))
    try:
        order = make()
        url = online_provider().checkout_url(
            order, done_url=f"{done}?session_id={{CHECKOUT_SESSION_ID}}", back_url=back
        )
    except DomainError as refusal:
        return _refused(request, refusal)
    return render(request, "billing/leave.html", {"url": url, "order": order})


def _refused(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    messages.error(request, refusal.message)
    return redirect("subscription")
