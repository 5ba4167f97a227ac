"""What pages that stay up to date share: parts, their versions, the pulse, the period.

Such a page asks for itself again each ten seconds, from an element named `pulse`, and
tells which versions of its parts it shows. It is answered with the parts that changed,
or with 204 when none did.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import BadRequest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from smarttrader.lib import clock
from smarttrader.lib.localization import localized_date

log = logging.getLogger(__name__)

Context = dict[str, Any]
HOUR = timedelta(hours=1)
ALL, CUSTOM = "all", "custom"
RANGES = {
    "7d": (gettext_lazy("7D"), timedelta(days=7)),
    "30d": (gettext_lazy("30D"), timedelta(days=30)),
    "90d": (gettext_lazy("90D"), timedelta(days=90)),
    "1y": (gettext_lazy("1Y"), timedelta(days=365)),
    ALL: (gettext_lazy("All"), None),
}
USUAL_RANGE = "90d"
EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

# Another one each time that a form is drawn: nothing that a part shows.
FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')


@dataclass(frozen=True, slots=True)
class Part:
    """An element of a page, by its id; equal versions show the same."""

    name: str
    version: str
    render: Callable[[], str]

    @property
    def mark(self) -> str:
        return f"{self.name}-{self.version}"


@dataclass(frozen=True, slots=True)
class Period:
    name: str
    start: datetime
    end: datetime


def user_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 -- login_required sees to it
    return request.user


def drawn(
    request: HttpRequest, name: str, template: str, context: Callable[[], Context]
) -> Part:
    """Return a part whose version is what it shows."""
    html = _html(request, name, template, context)
    return Part(name, _digest(FORM_TOKEN.sub("", html)), lambda: html)


def drawn_later(
    request: HttpRequest,
    name: str,
    template: str,
    context: Callable[[], Context],
    *,
    version_of: Any = None,
) -> Part:
    """Return a part that is expensive: it is drawn only where `version_of` changed."""
    version = _digest(repr(version_of))
    return Part(name, version, lambda: _html(request, name, template, context))


def _html(
    request: HttpRequest, name: str, template: str, context: Callable[[], Context]
) -> str:
    """Return a part, or what stands for it where the database gives up on its query.

    By a time-out or for a lock; the other parts are drawn as ever.
    """
    try:
        return render_to_string(template, context(), request)
    except OperationalError:
        log.exception("%s could not be drawn", name)
        return render_to_string("analytics/_failed.html", {"name": name}, request)


def answer(
    request: HttpRequest,
    template: str,
    parts: Sequence[Part],
    context: Mapping[str, Any],
) -> HttpResponse:
    """Answer with the page, with the one part that htmx asks for, or to the pulse."""
    wanted = request.headers.get("HX-Target", "")
    if wanted == "pulse":
        return _answer_pulse(request, parts, told_at=clock.now())
    for part in parts:
        if part.name == wanted:
            return HttpResponse(part.render())
    return render(
        request,
        template,
        {
            **context,
            "parts": {part.name: part.render() for part in parts},
            "versions": _versions(parts),
            "told_at": clock.now(),
        },
    )


def period_of(
    request: HttpRequest, span: tuple[datetime, datetime] | None, now: datetime
) -> Period:
    """Return the period that the URL names. Raises BadRequest for an unreadable one.

    Without a name it is the last 90 days, or all time for an account that rested since.
    Days begin at midnight in UTC, as those of figures do, so that both tell the same.
    """
    if "from" in request.GET or "to" in request.GET:
        return _custom_period(request)
    name = request.GET.get("range") or _usual_range(span, now)
    if name not in RANGES:
        raise BadRequest("range")
    length = RANGES[name][1]
    if length is not None:
        return Period(name, _midnight_before(now - length), now)
    if not span:
        return Period(name, now - HOUR, now)
    first, last = span
    return Period(name, first, last + HOUR)


def is_zoomed(request: HttpRequest) -> bool:
    return "from" in request.GET or "to" in request.GET


def _usual_range(span: tuple[datetime, datetime] | None, now: datetime) -> str:
    return ALL if not span or has_rested(span[1], now) else USUAL_RANGE


def has_rested(last: datetime, now: datetime) -> bool:
    """Tell whether the last hour of a curve lies before the usual period."""
    length = RANGES[USUAL_RANGE][1]
    assert length is not None  # noqa: S101
    return last < now - length


def _midnight_before(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _custom_period(request: HttpRequest) -> Period:
    try:
        start, end = (moment(request.GET[name]) for name in ("from", "to"))
    except (KeyError, ValueError, OverflowError) as error:
        raise BadRequest("from, to") from error
    if end - start < HOUR or start < EARLIEST or end > LATEST:
        raise BadRequest("from, to")
    return Period(CUSTOM, start, end)


def moment(text: str) -> datetime:
    """Read a moment, in UTC where the text names no zone. Raises ValueError."""
    read = datetime.fromisoformat(text)
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def _answer_pulse(
    request: HttpRequest, parts: Sequence[Part], *, told_at: datetime
) -> HttpResponse:
    shown = request.GET.get("v", "").split(".")
    changed = [part for part in parts if part.mark not in shown]
    answer = HttpResponse(status=204)
    if changed:
        context = {
            "versions": _versions(parts),
            "changed": [part.render() for part in changed],
            "names": [part.name for part in parts],
            "told_at": told_at,
        }
        answer = render(request, "analytics/_pulse.html", context)
    # By this a page tells, when nobody answers any more, how old it is.
    answer.headers["Data-From"] = localized_date(timezone.localtime(told_at), "H:i")
    return answer


def _versions(parts: Sequence[Part]) -> str:
    return ".".join(part.mark for part in parts)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
