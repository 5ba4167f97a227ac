"""What MQL4 sends: JSON or a form, in some code page, with a trailing NUL.

A body that cannot be read as a whole is refused (MALFORMED_BODY); a value that cannot
be right is left to the fields, so that other items of a batch are kept.
"""

import codecs
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.http import HttpRequest, UnreadablePostError

from smarttrader.lib import strict_json
from smarttrader.lib.ea import literals
from smarttrader.lib.ea.charsets import codec_of, decoded
from smarttrader.lib.ea.refusals import EaRefusal

MAX_BYTES = 1024 * 1024
MAX_NAMES = 1000
BLANK = b" \t\r\n"
QUOTED = re.compile(rb"(?:%[0-9a-fA-F]{2})+")
LENGTH = re.compile(r"0*([0-9]{1,8})")
LONG = re.compile(r"[0-9]+")
# In the last two a letter's second byte may be what in cp1252 is a backslash.
FALLBACK_CODECS = ("cp1252", "cp932", "gbk")


def read_body(request: HttpRequest) -> Any:
    """Return what a call says: a dictionary, or the bare list of its items.

    JSON if it begins with { or [, whatever its content type, else a form; nothing at
    all is an empty dictionary. A GET may have a body, for its token. Raises EaRefusal
    (411, 413, 415, 400).
    """
    try:
        content = _bare(_content(request))
        codec = codec_of(request.META.get("CONTENT_TYPE", ""))
        if not content:
            return {}
        if content[:1] in (b"{", b"["):
            return _read_json(content, codec)
        return _read_form(content, codec)
    except strict_json.TooManyContainers as error:
        raise EaRefusal(413, "TOO_LARGE", "The body has too many items.") from error
    except ValueError as error:
        raise EaRefusal(400, "MALFORMED_BODY", f"The body is malformed: {error}") from (
            error
        )


def _content(request: HttpRequest) -> bytes:
    length = _length(request)
    if length > MAX_BYTES:
        raise EaRefusal(413, "TOO_LARGE", "A body has at most 1 MiB.")
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise EaRefusal(415, "UNSUPPORTED_ENCODING", "Send the body uncompressed.")
    try:
        # Not request.body: its limit is the forms' of pages, and its error is a page.
        content = request.read(length)
    except UnreadablePostError as error:
        raise ValueError("it broke off") from error
    if len(content) < length:
        # A form that broke off would still be a form, with a shorter last number.
        raise ValueError("it is shorter than its Content-Length")
    return content


def _length(request: HttpRequest) -> int:
    told = request.META.get("CONTENT_LENGTH") or ""
    if not told and request.method == "GET":
        return 0
    if length := LENGTH.fullmatch(told):
        return int(length[1])
    if LONG.fullmatch(told):
        return MAX_BYTES + 1
    raise EaRefusal(411, "LENGTH_REQUIRED", "Send a Content-Length.")


def _bare(content: bytes) -> bytes:
    """Return the content without what StringToCharArray and editors put around it.

    A NUL anywhere else is refused: what stands behind it was left over in a buffer.
    """
    content = content.lstrip(BLANK).removeprefix(codecs.BOM_UTF8)
    content = content.lstrip(BLANK).rstrip(b"\0" + BLANK)
    if b"\0" in content:
        raise ValueError("a NUL stands in it")
    return content


def _readings(content: bytes, codec: str) -> Iterator[str]:
    """Yield what a text may say, the likeliest first. UTF-8 is never so by chance."""
    try:
        yield content.decode()
    except UnicodeDecodeError:
        likeliest = decoded(content, codec)
        yield likeliest
        for fallback in FALLBACK_CODECS:
            text = content.decode(fallback, errors="replace")
            if text != likeliest:
                yield text


def _read_json(content: bytes, codec: str) -> Any:
    readings = _readings(content, codec)
    likeliest = next(readings)
    try:
        return strict_json.parse(likeliest)
    except ValueError as error:
        failure = error
    for text in chain(literals.mended_json(likeliest), readings):
        try:
            return strict_json.parse(text)
        except ValueError as error:
            failure = error
    raise failure


def _read_form(content: bytes, codec: str) -> dict[str, str]:
    # No code page has a letter with "&", "=", "+" or "%" in it: bytes can be parted.
    pairs = content.split(b"&", MAX_NAMES + 1)
    if len(pairs) > MAX_NAMES:
        raise ValueError(f"a form of more than {MAX_NAMES} names")
    values: dict[str, str] = {}
    for pair in filter(None, pairs):
        name, equals, value = (_unquoted(part, codec) for part in pair.partition(b"="))
        if not equals:
            raise ValueError("a name without a value")
        if name in values:
            raise ValueError("a name stands in it twice")
        values[name] = value
    return values


def _unquoted(part: bytes, codec: str) -> str:
    # Not unquote_to_bytes: it takes a third of a second for a MiB of "%".
    content = QUOTED.sub(_bytes_of, part.replace(b"+", b" "))
    return decoded(content, codec)


def _bytes_of(quoted: re.Match[bytes]) -> bytes:
    return bytes.fromhex(quoted[0].replace(b"%", b"").decode())
