"""What MQL4 sends: JSON or a form, in some code page, with a trailing NUL.

A body that cannot be read as a whole is refused (MALFORMED_BODY); a value that cannot
be right is left to the fields, so that other items of a batch are kept.
"""

import codecs
import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpRequest, UnreadablePostError

from smarttrader.lib.ea.refusals import EaRefusal

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 8
MAX_DIGITS = 20
FALLBACK_ENCODINGS = ("cp932", "gbk")
STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
CHARSET = re.compile(r"charset=\"?([\w-]+)", re.IGNORECASE)


def read_body(request: HttpRequest) -> Any:
    """Return what a call says: a dictionary, or the bare list of its items.

    JSON if it begins with { or [, whatever its content type, else a form; nothing at
    all is an empty dictionary. A GET may have a body, for its token. Raises EaRefusal
    (411, 413, 415, 400).
    """
    if request.method == "GET" and not request.META.get("CONTENT_LENGTH"):
        return {}
    content = _content(request).removeprefix(codecs.BOM_UTF8).strip(b"\0 \r\n\t")
    if not content:
        return {}
    try:
        if content[:1] in (b"{", b"["):
            return _read_json(content, _declared_charset(request))
        return _read_form(content, _declared_charset(request))
    except (ValueError, RecursionError) as error:
        raise EaRefusal(400, "MALFORMED_BODY", f"The body is malformed: {error}") from (
            error
        )


def _content(request: HttpRequest) -> bytes:
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdigit():
        raise EaRefusal(411, "LENGTH_REQUIRED", "Send a Content-Length.")
    if int(length) > MAX_BYTES:
        raise EaRefusal(413, "TOO_LARGE", "A body has at most 1 MiB.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise EaRefusal(415, "UNSUPPORTED_ENCODING", "Send the body uncompressed.")
    # Not request.body: its limit is the forms' of pages, and its error is a page.
    try:
        content = request.read(int(length))
    except UnreadablePostError:  # the client went away
        content = b""
    if len(content) < int(length):
        # Of a form that breaks off, the last number would be another one.
        raise EaRefusal(400, "MALFORMED_BODY", "The body did not arrive whole.")
    return content


def _declared_charset(request: HttpRequest) -> str:
    match = CHARSET.search(request.META.get("CONTENT_TYPE", ""))
    return match[1] if match else ""


def _texts(content: bytes, charset: str) -> Iterable[str]:
    """Yield the readings of a text, the likeliest first; the last always succeeds."""
    for encoding in filter(None, ("utf-8", charset)):
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        yield text
        return
    yield content.decode("cp1252", errors="replace")
    for encoding in FALLBACK_ENCODINGS:
        # A second byte of these may be a quote or a backslash in cp1252.
        yield content.decode(encoding, errors="replace")


def _read_json(content: bytes, charset: str) -> Any:
    failure = ValueError("it is empty")
    for text in _texts(content, charset):
        try:
            return _parse_json(text)
        except ValueError as error:
            failure = error
    raise failure


def _parse_json(text: str) -> Any:
    _check_depth(text)
    return json.loads(
        text,
        parse_int=_bounded_integer,
        parse_float=Decimal,
        parse_constant=Decimal,  # NaN and Infinity: a field that nothing accepts
        object_pairs_hook=_without_duplicates,
    )


def _check_depth(text: str) -> None:
    depth = 0
    for token in STRUCTURE.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"it nests deeper than {MAX_DEPTH}")
        elif token[0] in "]}":
            depth -= 1


def _bounded_integer(text: str) -> int:
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise ValueError(f"an integer of more than {MAX_DIGITS} digits")
    return int(text)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name stands in it twice")
    return values


def _read_form(content: bytes, charset: str) -> dict[str, Any]:
    text = next(iter(_texts(content, charset))).strip("&")
    pairs = parse_qsl(
        text, keep_blank_values=True, strict_parsing=True, errors="replace"
    )
    return _without_duplicates(pairs)
