"""A user's webhook endpoints."""

import uuid

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import signed_in
from notifications.forms import EndpointForm
from notifications.models import WebhookEndpoint
from notifications.pages.preferences import settings_page
from notifications.queries.preferences import latest_deliveries
from notifications.services import endpoints
from smarttrader.lib import clock
from smarttrader.lib.errors import DomainError


@login_required
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = EndpointForm(request.POST)
    if form.is_valid():
        try:
            endpoint = endpoints.add_endpoint(
                user=user, url=form.cleaned_data["url"], now=clock.now()
            )
        except DomainError as refusal:
            form.add_error("url", refusal.message)
        else:
            messages.success(request, _("The endpoint is added. Send it a test."))
            return redirect("webhook", pk=endpoint.pk)
    return settings_page(request, user, endpoint_form=form)


@login_required
@require_http_methods(["GET", "HEAD"])
def endpoint(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    own = _own(request, pk)
    shown = {"endpoint": own, "deliveries": latest_deliveries(own)}
    return render(request, "notifications/webhook.html", shown)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def secret(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    # A stranger's is not there, whether or not somebody proved who they are.
    response: HttpResponse = _secret(request, _own(request, pk))
    return response


@reauthentication_required  # type: ignore[untyped-decorator]
def _secret(request: HttpRequest, own: WebhookEndpoint) -> HttpResponse:
    """Show the secret; a POST replaces it first."""
    if request.method == "POST":
        endpoints.replace_secret(endpoint=own, now=clock.now())
        messages.success(request, _("The former secret signs for a day more."))
        return redirect("webhook_secret", pk=own.pk)
    shown = {"endpoint": own, "secret": endpoints.secret_of(own)}
    return render(request, "notifications/webhook_secret.html", shown)


@login_required
@require_POST
def test(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    own = _own(request, pk)
    try:
        endpoints.send_test(endpoint=own, now=clock.now())
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("A test is on its way, within a minute."))
    return redirect("webhook", pk=pk)


@login_required
@require_POST
def switch(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Switch it on with `on=1`, else off."""
    endpoints.switch_endpoint(endpoint=_own(request, pk), is_on="on" in request.POST)
    return redirect("webhook", pk=pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    own = _own(request, pk)
    if request.method == "POST":
        endpoints.remove_endpoint(endpoint=own)
        messages.success(request, _("The endpoint is removed."))
        return redirect("notification_settings")
    return render(request, "notifications/webhook_remove.html", {"endpoint": own})


@login_required
@require_POST
def deliver_again(
    request: HttpRequest, pk: uuid.UUID, delivery_id: uuid.UUID
) -> HttpResponse:
    own = _own(request, pk)
    delivery = get_object_or_404(own.deliveries, pk=delivery_id)
    try:
        endpoints.deliver_again(
            user=signed_in(request), delivery_id=delivery.pk, now=clock.now()
        )
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("It is delivered again, within a minute."))
    return redirect("webhook", pk=pk)


def _own(request: HttpRequest, pk: uuid.UUID) -> WebhookEndpoint:
    return get_object_or_404(WebhookEndpoint, user=signed_in(request), pk=pk)
