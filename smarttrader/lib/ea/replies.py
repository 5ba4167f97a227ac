"""Replies that MQL4 reads with StringFind: flat, ASCII, scalars before lists."""

import json
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse

from smarttrader.lib.ea.accept import prefers_text
from smarttrader.lib.request_ids import request_id_of

JSON, PROBLEM, TEXT = "application/json", "application/problem+json", "text/plain"
FIRST_ERROR_STATUS = 400
# Everything that any program takes for the end of a line, and the escape itself.
NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f\\]")


def reply(
    request: HttpRequest,
    *,
    status: int,
    code: str,
    message: str,
    now: datetime,
    nonce: str = "",
    field: str = "",
    etag: str = "",
    **values: Any,
) -> HttpResponse:
    """Return the reply: code, message, request_id and server_time come first.

    JSON, or the scalars as `name=value` lines for `Accept: text/plain`. An error's JSON
    carries the members of RFC 9457 beside the same flat keys. Decimals are number
    literals, times epoch seconds, None is "". `etag` is quoted already.
    """
    flat: dict[str, Any] = {
        "code": code,
        "message": message,
        "request_id": request_id_of(request),
        "server_time": now,
    }
    if nonce:
        flat["nonce"] = nonce
    is_error = status >= FIRST_ERROR_STATUS
    if is_error:
        flat |= _problem(status, code, message, field)
    flat |= {name: value for name, value in values.items() if not _is_list(value)}
    if prefers_text(request.headers.get("Accept", "")):
        content, media_type = _lines(flat), f"{TEXT}; charset=us-ascii"
    else:
        lists = {name: value for name, value in values.items() if _is_list(value)}
        content, media_type = _json(flat | lists), PROBLEM if is_error else JSON
    return HttpResponse(
        content,
        status=status,
        content_type=media_type,
        headers=_headers(etag),
    )


def not_modified(*, etag: str) -> HttpResponse:
    """Return a 304, which has no body; `etag` is quoted already."""
    response = HttpResponse(status=304, headers=_headers(etag))
    del response.headers["Content-Type"]
    return response


def _headers(etag: str) -> dict[str, str]:
    return {"Cache-Control": "no-store"} | ({"ETag": etag} if etag else {})


def _problem(status: int, code: str, message: str, field: str) -> dict[str, Any]:
    problem = {
        "type": "about:blank",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": message,
    }
    return problem | ({"field": field} if field else {})


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _lines(flat: dict[str, Any]) -> str:
    return "".join(f"{name}={_line(value)}\n" for name, value in flat.items())


def _line(value: Any) -> str:
    value = _scalar(value)
    if not isinstance(value, str):
        return _json(value)
    escaped = NOT_IN_A_LINE.sub(_escape, value)
    return escaped.encode("ascii", "backslashreplace").decode()


def _escape(character: re.Match[str]) -> str:
    return repr(character[0])[1:-1]


def _json(value: Any) -> str:
    """Return compact JSON; by hand, because json.dumps knows no Decimal literals."""
    if isinstance(value, dict):
        members = (f"{json.dumps(name)}:{_json(each)}" for name, each in value.items())
        return f"{{{','.join(members)}}}"
    if _is_list(value):
        return f"[{','.join(map(_json, value))}]"
    value = _scalar(value)
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)


def _scalar(value: Any) -> bool | int | Decimal | str:
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, bool | int | Decimal):
        return value
    return "" if value is None else str(value)
