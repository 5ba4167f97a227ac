"""The id of a request: in replies, in events, in the header X-Request-Id."""

from django.http import HttpRequest

from smarttrader.lib.ids import uuid7


def request_id_of(request: HttpRequest) -> str:
    """Return what smarttrader.middleware.RequestId gave the request."""
    return getattr(request, "request_id", None) or uuid7().hex
