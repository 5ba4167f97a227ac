"""What every response carries; the language and the time zone of a page."""

import logging
import time
import zoneinfo
from collections.abc import Callable
from datetime import UTC, tzinfo
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponsePermanentRedirect,
    QueryDict,
)
from django.middleware.common import CommonMiddleware
from django.middleware.gzip import GZipMiddleware
from django.template.loader import render_to_string
from django.urls import resolve
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject

from smarttrader.lib import metrics
from smarttrader.lib.bodies import ROOM_FOR_THE_REST, discard_rest, is_unmeasured
from smarttrader.lib.ids import uuid7
from smarttrader.lib.problems import problem
from smarttrader.lib.request_context import answering

API_PATH = "/api/"
EA_PATH = "/api/v1/ea"
UPLOAD_PATH = "/statements/"
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "payment",
        "usb",
    )
)
# Django's own middleware would not reach the responses of walls outside of it.
ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# Pages, and the badges of track records.
COMPRESSED = ("text/html", "image/svg+xml")
PROBES = ("/healthz", "/readyz", "/metrics")

request_log = logging.getLogger("smarttrader.requests")


class SecurityHeaders:
    """Put the security headers on every response: pages, files, refusals and failures.

    It is the outermost middleware, so that Django has turned exceptions into responses
    before they come by, and WhiteNoise's files come by at all.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault(
            "Content-Security-Policy", settings.CONTENT_SECURITY_POLICY
        )
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        for name, value in ISOLATION.items():
            response.headers.setdefault(name, value)
        if _is_personal(request, response):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class RequestId:
    """Give each request an id of ours, which its response tells; log and count it.

    What a client or a proxy calls the request is never looked at.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = uuid7().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        begun = time.perf_counter()
        with answering(request_id) as context:
            response = self.get_response(request)
            context.user_id = _known_user_id(request)
            _note_answer(request, response, time.perf_counter() - begun)
        response.headers["X-Request-Id"] = request_id
        return response


class Probes:
    """Answer probes here: they come by any host name, and must not need a session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info not in PROBES:
            return self.get_response(request)
        match = resolve(request.path_info)
        request.resolver_match = match
        response: HttpResponseBase = match.func(request)
        return response


class BodyWall:
    """Refuse a page's body that is too large before anybody keeps a part of it.

    Django would write a file of any size to the disk, and look who sends it after that.
    Whatever a refusal leaves unread is read here, by the user API's refusals as well.
    An EA is refused before it sends, as the protocol says.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase
        if _is_page(request) and _is_too_large(request):
            # Without a request: nobody has asked yet who sends it.
            response = HttpResponse(render_to_string("413.html"), status=413)
        else:
            response = self.get_response(request)
        if not request.path_info.startswith(EA_PATH):
            discard_rest(request)
        return response


class ApiWall:
    """Refuse calls of the user API over plain HTTP, and bodies of unknown length.

    DRF takes a body without a Content-Length for none at all. EAs are refused by their
    own calls, in their own way. No reply is kept by anybody in between.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if not path.startswith(API_PATH) or path.startswith(EA_PATH):
            return self.get_response(request)
        response = _refusal(request) or self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class CompressedPages(GZipMiddleware):
    """Django's own, for pages and their parts: they go over slow lines.

    EAs are promised replies as they are, and a file that is streamed has no length to
    save. Who guesses at a page's secrets by its length (BREACH) finds it padded at
    random, its CSRF token masked anew, and no cookie on what other sites load.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if response.streaming or kind not in COMPRESSED:
            return response
        return super().process_response(request, response)


class Common(CommonMiddleware):
    """Django's own, but EAs are answered under whichever host name they call.

    A reply to an EA says nothing of the host, and its refusal would be an HTML page.
    """

    def process_request(
        self, request: HttpRequest
    ) -> HttpResponsePermanentRedirect | None:
        if request.path_info.startswith(EA_PATH):
            return None
        return super().process_request(request)


class UserLanguage:
    """Let pages speak the language of the person who reads them.

    Whoever is signed out is spoken to as they last were, else as their browser asks.
    Programs are answered in English, and cost nothing here. Django's own middleware
    comes before the session's user is known.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _is_for_programs(request):
            return self.get_response(request)
        chosen = _language_of_user(request)
        language = chosen or translation.get_language_from_request(request)
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        if chosen and request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) != chosen:
            _remember_language(response, chosen)
        return response


class UserTimeZone:
    """Let pages show times in the zone of the person who reads them, else in UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with timezone.override(_zone_of(request)):
            return self.get_response(request)


class WholePageRedirect:
    """Let a redirect move the page, where htmx would put its target into a part of it.

    So a session that ended meanwhile leads to the sign-in, and back to the same page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if "HX-Request" not in request.headers or "Location" not in response.headers:
            return response
        path, _, query = response.headers["Location"].partition("?")
        values = QueryDict(query, mutable=True)
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
        if "next" in values and shown.path:
            values["next"] = urlunsplit(("", "", shown.path, shown.query, ""))
        return HttpResponse(
            status=204, headers={"HX-Redirect": f"{path}?{values.urlencode('/')}"}
        )


def _note_answer(
    request: HttpRequest, response: HttpResponseBase, seconds: float
) -> None:
    # Not the path: it may hold a secret, and its values are without number.
    route = _route(request)
    status, method = response.status_code, _method(request)
    metrics.note_answer(route, method, status, seconds)
    duration_ms = round(seconds * 1000)
    request_log.info(
        "%s %s %s in %s ms",
        *(method, route, status, duration_ms),
        extra={
            "method": method,
            "route": route,
            "status": status,
            "duration_ms": duration_ms,
        },
    )


def _route(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is None:
        is_file = request.path_info.startswith(settings.STATIC_URL)
        return "static" if is_file else "none"
    return match.view_name or "none"


def _method(request: HttpRequest) -> str:
    """Return the method, which a client may make up."""
    return request.method if request.method in METHODS else "OTHER"


def _known_user_id(request: HttpRequest) -> str:
    """Return who calls, if somebody asked for it already: to ask costs a query."""
    user = getattr(request, "_cached_user", None) or request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject):
        return ""
    return str(getattr(user, "pk", None) or "")


def _is_page(request: HttpRequest) -> bool:
    return not request.path_info.startswith(API_PATH)


def _is_too_large(request: HttpRequest) -> bool:
    if is_unmeasured(request):
        return True
    is_upload = request.path_info == UPLOAD_PATH
    limit = (
        settings.STATEMENT_MAX_BYTES + ROOM_FOR_THE_REST
        if is_upload
        else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    )
    return int(request.META.get("CONTENT_LENGTH") or 0) > limit


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        return problem(
            request,
            status=403,
            code="TLS_REQUIRED",
            detail="Call https: secrets travel with calls.",
        )
    if is_unmeasured(request):
        return problem(
            request,
            status=411,
            code="LENGTH_REQUIRED",
            detail="Send a Content-Length.",
        )
    return None


def _is_personal(request: HttpRequest, response: HttpResponseBase) -> bool:
    # Asking request.user would cost a query on pages that never needed one; a cookie
    # or a token says enough. Static files set a Cache-Control of their own.
    return (
        settings.SESSION_COOKIE_NAME in request.COOKIES
        or settings.SESSION_COOKIE_NAME in response.cookies
        or "Authorization" in request.headers
    )


def _is_for_programs(request: HttpRequest) -> bool:
    # The API speaks English and UTC, files speak neither: none needs the user's row.
    return request.path_info.startswith((API_PATH, settings.STATIC_URL))


def _has_session(request: HttpRequest) -> bool:
    return settings.SESSION_COOKIE_NAME in request.COOKIES


def _language_of_user(request: HttpRequest) -> str:
    language = getattr(request.user, "language", "") if _has_session(request) else ""
    return language if language in dict(settings.LANGUAGES) else ""


def _remember_language(response: HttpResponseBase, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )


def _zone_of(request: HttpRequest) -> tzinfo:
    if _is_for_programs(request) or not _has_session(request):
        return UTC
    try:
        return zoneinfo.ZoneInfo(getattr(request.user, "time_zone", "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return UTC
