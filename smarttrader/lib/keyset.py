"""Where a list goes on: after a row, named by its moment and its id.

A page of a list that grows at its head is found by the last row of the page before it;
an OFFSET would read all that it skips, and skip what came in between.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.core.exceptions import BadRequest
from django.http import HttpRequest

from smarttrader.lib.ids import EPOCH

WRITTEN = re.compile(r"(\d{1,18})?-([0-9a-f]{32})")


class NotAPlace(ValueError):
    """The text names no place in a list."""


@dataclass(frozen=True, slots=True)
class Place:
    """After the row of this moment and id, in a list that is newest first."""

    moment: datetime | None
    id: uuid.UUID

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the place that `str` wrote. Raises NotAPlace."""
        found = WRITTEN.fullmatch(text)
        if not found:
            raise NotAPlace(text)
        microseconds, identifier = found.groups()
        try:
            moment = microseconds and EPOCH + timedelta(microseconds=int(microseconds))
        except OverflowError:
            raise NotAPlace(text) from None
        return cls(moment or None, uuid.UUID(identifier))

    def __str__(self) -> str:
        if self.moment is None:
            return f"-{self.id.hex}"
        microseconds = (self.moment - EPOCH) // timedelta(microseconds=1)
        return f"{microseconds}-{self.id.hex}"


def dated_place_of(request: HttpRequest) -> Place | None:
    """Return after which row the page of an address begins, in a list of dated rows.

    Raises BadRequest.
    """
    if "after" not in request.GET:
        return None
    try:
        after = Place.read(request.GET["after"])
    except NotAPlace as error:
        raise BadRequest("after") from error
    if after.moment is None:
        raise BadRequest("after")
    return after
