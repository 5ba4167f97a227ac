"""What an orchestrator and Prometheus ask: alive, ready, how much of what."""

import secrets
from ipaddress import ip_address

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from smarttrader.lib import clock
from smarttrader.lib.client_address import client_address
from smarttrader.operations import measures, readiness

BEARER = "Bearer "


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    found = readiness.readiness(now=clock.now())
    return JsonResponse(
        {"status": found.status, "checks": found.checks},
        status=200 if found.is_ready else 503,
    )


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_measure(request):
        raise Http404
    return HttpResponse(
        measures.exposition(now=clock.now()), content_type=CONTENT_TYPE_LATEST
    )


def _may_measure(request: HttpRequest) -> bool:
    told = request.headers.get("Authorization", "")
    token = settings.METRICS_TOKEN
    if token and secrets.compare_digest(told.encode(), (BEARER + token).encode()):
        return True
    return _is_private(request)


def _is_private(request: HttpRequest) -> bool:
    address = client_address(request)
    # Nobody forwards for us whom we do not trust: then the address is a proxy's.
    is_proxied = any(
        name in request.headers for name in ("X-Forwarded-For", "Forwarded")
    )
    if is_proxied and address == request.META.get("REMOTE_ADDR"):
        return False
    try:
        return ip_address(address.partition("%")[0]).is_private
    except ValueError:
        return False
