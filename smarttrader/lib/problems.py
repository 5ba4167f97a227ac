"""Every refusal of the user API as application/problem+json (RFC 9457)."""

import json
import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.signals import got_request_exception
from django.db import DataError, Error, IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from rest_framework import exceptions

from smarttrader.lib.database_errors import (
    PASSING_PROBLEMS,
    RETRY_AFTER_SECONDS,
    UNIQUE_VIOLATION,
    sqlstate_of,
)
from smarttrader.lib.errors import STATUS_OF_KIND, DomainError, Overloaded
from smarttrader.lib.request_ids import request_id_of

MEDIA_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="api"'
UNAUTHORIZED = 401
WHOLE_BODY = "body"  # the name under which errors of no single field are told

logger = logging.getLogger(__name__)

# DRF's names for what went wrong, and ours.
CODES = {
    400: "MALFORMED_BODY",
    401: "TOKEN_INVALID",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
}


def handle_exception(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """Return the problem that an exception of a view amounts to.

    What we did not expect is logged, announced as Django announces it, and told as
    nothing but 500.
    """
    request: HttpRequest = context["request"]._request  # noqa: SLF001 -- DRF's own
    if isinstance(error, DomainError):
        return _domain_problem(request, error)
    if isinstance(error, exceptions.APIException):
        return _api_problem(request, error)
    if isinstance(error, Http404):
        return problem(request, status=404, code="NOT_FOUND", detail="Not found.")
    if isinstance(error, PermissionDenied):
        return problem(request, status=403, code="FORBIDDEN", detail="Not for you.")
    if isinstance(error, Error):
        return _database_problem(request, error)
    return _request_problem(request, error) or _failure(request)


def problem(
    request: HttpRequest,
    *,
    status: int,
    code: str,
    detail: str,
    title: str = "",
    errors: dict[str, list[str]] | None = None,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """Return a problem; `errors` are sentences by the path of their field."""
    members: dict[str, Any] = {
        "type": "about:blank",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id_of(request),
    }
    if errors:
        members["errors"] = errors
    return HttpResponse(
        json.dumps(members),
        status=status,
        content_type=MEDIA_TYPE,
        headers=headers,
    )


def _domain_problem(request: HttpRequest, error: DomainError) -> HttpResponse:
    status = STATUS_OF_KIND[error.kind]
    return problem(
        request,
        status=status,
        code=error.code,
        title=str(error.title),
        detail=error.message,
        errors={error.field: [error.message]} if error.field else None,
        headers={"WWW-Authenticate": CHALLENGE} if status == UNAUTHORIZED else {},
    )


def _api_problem(request: HttpRequest, error: exceptions.APIException) -> HttpResponse:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if isinstance(error, exceptions.Throttled):
        headers["Retry-After"] = str(getattr(error, "wait", None) or 1)
        detail = "You call too often: go on after the time in Retry-After."
    elif isinstance(error, exceptions.ValidationError):
        return problem(
            request,
            status=400,
            code="VALIDATION_ERROR",
            detail="Some fields cannot be taken.",
            errors=field_errors(error.detail),
        )
    else:
        detail = str(error.detail)
    code = CODES.get(error.status_code, "REFUSED")
    if isinstance(error, exceptions.NotAuthenticated):
        code = "NOT_AUTHENTICATED"
    return problem(
        request, status=error.status_code, code=code, detail=detail, headers=headers
    )


def field_errors(detail: Any) -> dict[str, list[str]]:
    """Return DRF's nested errors by path: {"items.0.name": ["..."]}."""
    errors: dict[str, list[str]] = {}
    for path, message in _told(detail, ""):
        errors.setdefault(path or WHOLE_BODY, []).append(message)
    return errors


def _told(detail: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(detail, dict):
        for name, each in detail.items():
            part = "" if name == "non_field_errors" else str(name)
            yield from _told(each, ".".join(filter(None, (path, part))))
    elif isinstance(detail, list):
        for index, each in enumerate(detail):
            is_message = isinstance(each, str)
            yield from _told(each, path if is_message else f"{path}.{index}".strip("."))
    else:
        yield path, str(detail)


def _database_problem(request: HttpRequest, error: Error) -> HttpResponse:
    if isinstance(error, PASSING_PROBLEMS):
        logger.warning("a call could not be served now", exc_info=error)
        return unavailable(request)
    if isinstance(error, IntegrityError) and sqlstate_of(error) == UNIQUE_VIOLATION:
        return problem(
            request, status=409, code="CONFLICT", detail="This exists already."
        )
    if isinstance(error, DataError | IntegrityError):
        logger.error("a call does not fit the database", exc_info=error)
        return problem(
            request, status=400, code="VALIDATION_ERROR", detail="It cannot be stored."
        )
    return _failure(request)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Return what is told while the database is away, or we are overloaded."""
    return problem(
        request,
        status=503,
        code="UNAVAILABLE",
        detail="Try again soon.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _request_problem(request: HttpRequest, error: Exception) -> HttpResponse | None:
    if isinstance(error, Overloaded):
        return unavailable(request)
    if isinstance(error, RequestDataTooBig):
        return problem(
            request, status=413, code="TOO_LARGE", detail="The body is too large."
        )
    if isinstance(error, SuspiciousOperation | UnreadablePostError | RecursionError):
        return problem(
            request,
            status=400,
            code="MALFORMED_BODY",
            detail="The call cannot be read.",
        )
    return None


def _failure(request: HttpRequest) -> HttpResponse:
    logger.exception("a call failed")
    got_request_exception.send(sender=None, request=request)
    return problem(
        request, status=500, code="SERVER_ERROR", detail="We failed; try again later."
    )
