"""Replies that MQL4 reads with StringFind: flat, ASCII, scalars before lists."""

import json
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from smarttrader.lib.ids import uuid7

JSON, PROBLEM, TEXT = "application/json", "application/problem+json", "text/plain"
FIRST_ERROR_STATUS = 400


def reply(
    request: HttpRequest,
    *,
    status: int,
    code: str,
    message: str,
    now: datetime,
    nonce: str = "",
    field: str = "",
    **values: Any,
) -> HttpResponse:
    """Return the reply: code, message, request_id and server_time come first.

    With `Accept: text/plain` the scalars as `name=value` lines. An error's JSON carries
    the members of RFC 9457 beside the same flat keys.
    """
    flat: dict[str, Any] = {
        "code": code,
        "message": message,
        "request_id": getattr(request, "request_id", None) or uuid7().hex,
        "server_time": int(now.timestamp()),
    }
    if nonce:
        flat["nonce"] = nonce
    is_error = status >= FIRST_ERROR_STATUS
    if is_error:
        flat |= {
            "type": "about:blank",
            "title": code.replace("_", " ").capitalize(),
            "status": status,
            "detail": message,
        }
        if field:
            flat["field"] = field
    flat |= {
        name: _scalar(value) for name, value in values.items() if not _is_list(value)
    }
    lists = {name: value for name, value in values.items() if _is_list(value)}
    if TEXT in request.headers.get("Accept", ""):
        content, media_type = _lines(flat), f"{TEXT}; charset=us-ascii"
    else:
        content = json.dumps(flat | lists, separators=(",", ":"))
        media_type = PROBLEM if is_error else JSON
    return HttpResponse(
        content,
        status=status,
        content_type=media_type,
        headers={"Cache-Control": "no-store", "X-Request-Id": flat["request_id"]},
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _lines(flat: dict[str, Any]) -> str:
    return "".join(f"{name}={_line(value)}\n" for name, value in flat.items())


def _line(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    escaped = str(value).replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")
    return escaped.encode("ascii", "backslashreplace").decode()


def _scalar(value: Any) -> bool | int | str:
    """Return what JSON and text can hold: times as epoch seconds, nothing as ""."""
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, bool | int):
        return value
    return "" if value is None else str(value)
