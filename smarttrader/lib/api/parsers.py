"""Bodies of the user API: JSON in UTF-8, read by smarttrader/lib/strict_json.py."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import IO, Any

from django.http import UnreadablePostError
from rest_framework.exceptions import (
    APIException,
    ParseError,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.parsers import BaseParser

from smarttrader.lib import strict_json

MAX_BYTES = 1024 * 1024
MOST_PROBLEMS, LONGEST_PATH = 20, 200
CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';]*)", re.IGNORECASE)
# PostgreSQL stores neither NUL nor half a character, and a reply could not say them.
UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")


class TooLarge(APIException):
    status_code = 413
    default_detail = "The body is too large."
    default_code = "too_large"


class StrictJSONParser(BaseParser):
    """Reads an object or a list of at most 1 MiB. Raises APIException (400, 413, 415).

    A text with a NUL or a lone surrogate is told by the field that holds it.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        _check_charset(media_type or "")
        request = (parser_context or {})["request"]
        content = _content(stream, int(request.META.get("CONTENT_LENGTH") or 0))
        try:
            value = strict_json.parse(content.decode())
        except strict_json.TooManyContainers as error:
            raise TooLarge("The body has too many items.") from error
        except ValueError as error:
            raise ParseError(f"The body is malformed: {_reason(error)}.") from error
        problems = dict(islice(_problems(value, ""), MOST_PROBLEMS))
        if problems:
            raise ValidationError(
                {path[:LONGEST_PATH]: [problem] for path, problem in problems.items()}
            )
        return value


def _check_charset(content_type: str) -> None:
    charset = CHARSET.search(content_type)
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(content_type, "Send JSON in UTF-8.")


def _content(stream: IO[Any], length: int) -> bytes:
    if length > MAX_BYTES:
        raise TooLarge("A body has at most 1 MiB.")
    try:
        content: bytes = stream.read(length)
    except UnreadablePostError as error:
        raise ParseError("The body broke off.") from error
    if len(content) < length:
        raise ParseError("The body is shorter than its Content-Length.")
    return content


def _reason(error: ValueError) -> str:
    return "it is not UTF-8" if isinstance(error, UnicodeError) else str(error)


def _problems(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the path of each value that nothing can store, and why."""
    if isinstance(value, dict):
        for name, each in value.items():
            if UNSPEAKABLE.search(name):
                yield path, "A name holds a character that no text has."
            else:
                yield from _problems(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _problems(each, f"{path}.{index}" if path else str(index))
    elif isinstance(value, str) and UNSPEAKABLE.search(value):
        yield path, "This holds a character that no text has."
    elif isinstance(value, Decimal) and not value.is_finite():
        yield path, "This is not a number."
