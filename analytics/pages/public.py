"""What everybody may look at: counted by address, and drawn once a minute for all."""

from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response

from analytics.models import PublicTrackRecord
from smarttrader.lib.client_address import address_bucket, client_address
from smarttrader.lib.rate_limits import Limit, count_call

KEPT_SECONDS = 60
CHOSEN = ("pk", "slug", "title", "figures", "delay_hours", "is_indexed", "updated_at")
View = Callable[[HttpRequest, str], HttpResponse]


def limited(view: View) -> View:
    """Answer 429 to an address that has called too often in this minute."""

    @wraps(view)
    def counted(request: HttpRequest, slug: str) -> HttpResponse:
        limit = Limit("public", settings.PUBLIC_CALLS_PER_IP)
        usage = count_call(limit, address_bucket(client_address(request)))
        if not usage.is_exceeded:
            return view(request, slug)
        refusal = render(request, "429.html", status=429)
        refusal.headers["Retry-After"] = str(usage.seconds_left)
        return refusal

    return counted


def kept(
    request: HttpRequest,
    record: PublicTrackRecord,
    shown: Any,
    drawn: Callable[[], HttpResponse],
    *,
    cache_control: str,
    content_type: str = "text/html; charset=utf-8",
) -> HttpResponse:
    """Answer with what was drawn of a record within this minute, or draw it.

    The record was read just now, so that it is public; whatever its owner chose since
    has another key. `shown` is what else the picture depends on and is seen at once.
    """
    chosen = [getattr(record, name) for name in CHOSEN]
    cache, key = caches["kept"], f"public-{_digest(repr((chosen, shown)).encode())}"
    body: bytes | None = cache.get(key)
    if body is None:
        body = drawn().content
        cache.set(key, body, KEPT_SECONDS)
    response = HttpResponse(body, content_type=content_type)
    response.headers["Cache-Control"] = cache_control
    response.headers["ETag"] = f'"{_digest(body)}"'
    answer = get_conditional_response(
        request, etag=response.headers["ETag"], response=response
    )
    assert isinstance(answer, HttpResponse)  # noqa: S101 -- the response, or 304 and 412
    return answer


def _digest(text: bytes) -> str:
    return blake2b(text, digest_size=16).hexdigest()
