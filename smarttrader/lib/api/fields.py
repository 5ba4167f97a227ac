"""Fields that take a value in one spelling only, and tell what is wrong with others."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from smarttrader.lib.text import clean_text

LARGEST_INTEGER = 2**31 - 1  # of an INTEGER column
NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)
CANONICAL_UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
)
MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})",
    re.ASCII | re.IGNORECASE,
)
FARTHEST_EAST = timedelta(hours=14)
FARTHEST_WEST = timedelta(hours=-12)


class TextField(serializers.CharField):
    """A text, cleaned; it has at most `max_length` characters before and after."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        limit = self.max_length or 0
        if len(data) > limit:
            self.fail("max_length", max_length=limit)
        try:
            # A composed letter may be longer than what it was: the validator sees it.
            text = clean_text(data, limit + 1)
        except ValueError as error:
            raise serializers.ValidationError(f"This has {error}.") from error
        if not text and not self.allow_blank:
            self.fail("blank")
        return text


class VerbatimField(serializers.CharField):
    """A text to the letter, for what is hashed or compared and never shown."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class IntegerField(serializers.IntegerField):
    """A JSON integer, not a text that looks like one."""

    def __init__(self, *, max_value: int = LARGEST_INTEGER, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", -LARGEST_INTEGER - 1)
        super().__init__(max_value=max_value, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


class BooleanField(serializers.BooleanField):
    """true or false; "yes" and 1 are neither."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class DecimalField(serializers.DecimalField):
    """A number at a fixed scale: a text such as "1.50", or a JSON number."""

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, str | int | Decimal):
            self.fail("invalid")
        if isinstance(data, str) and not NUMBER.fullmatch(data):
            self.fail("invalid")
        value = super().to_internal_value(data)
        return value or abs(value)  # there is no -0.00


class MomentField(serializers.DateTimeField):
    """A moment in ISO 8601 with its offset, told in UTC: 2026-01-31T12:00:00Z."""

    default_error_messages = {
        "invalid": "A moment looks like 2026-01-31T12:00:00Z.",
        "offset": "An offset lies between -12:00 and +14:00.",
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not MOMENT.fullmatch(value):
            self.fail("invalid")
        try:
            moment = datetime.fromisoformat(value.upper())
        except ValueError:
            self.fail("invalid")
        if not FARTHEST_WEST <= (moment.utcoffset() or timedelta(0)) <= FARTHEST_EAST:
            self.fail("offset")
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            self.fail("overflow")

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class UUIDField(serializers.UUIDField):
    """A UUID in its canonical spelling, not as a number, a URN or in braces."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        if not isinstance(data, str) or not CANONICAL_UUID.fullmatch(data):
            self.fail("invalid", value=data)
        return uuid.UUID(data)


class ListField(serializers.ListField):
    """A list whose length is checked before any of its items."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)
        self.limit = max_length

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and len(data) > self.limit:
            self.fail("max_length", max_length=self.limit)
        return super().to_internal_value(data)


@extend_schema_field({"type": ["object", "null"], "additionalProperties": {}})
class ObjectField(serializers.JSONField):
    """An object of whatever is in it, to look at."""


@extend_schema_field(OpenApiTypes.BINARY)
class FileField(serializers.FileField):
    """A file of a form."""
