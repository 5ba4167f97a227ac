"""News from payment providers: signed, kept, then done."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.models import Provider
from billing.providers.stripe_api import (
    SignatureInvalid,
    moment_of,
    verified_event,
)
from billing.services import provider_events
from smarttrader.lib import clock


@csrf_exempt
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    """Answer 200 once an event is kept: what fails then is tried again by us."""
    try:
        told = verified_event(request.body, request.headers.get("Stripe-Signature", ""))
        kept = provider_events.receive_event(
            provider=Provider.STRIPE,
            event_id=told["id"],
            type=told["type"],
            occurred_at=moment_of(told["created"]),
            payload=told,
            now=clock.now(),
        )
    except (SignatureInvalid, KeyError, TypeError):
        return HttpResponse(status=400)
    provider_events.handle_event(pk=kept.pk, now=clock.now())
    return HttpResponse(status=200)
