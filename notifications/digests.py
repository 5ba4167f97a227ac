"""A digest as a mail: the same in HTML, which mail clients show, and in plain text.

The HTML has no styles: attributes alone survive every mail client, and pass the pages'
Content-Security-Policy, so that a user can look at it beforehand.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from analytics.queries.performance import Day
from analytics.queries.results import CurrencyResult
from notifications.models import DigestFrequency
from notifications.periods import zone_named
from notifications.queries.digests import DigestContent

SIGNER = Signer(salt="notifications.digest")
MOST_BARS = 20  # characters of a bar in plain text


@dataclass(frozen=True, slots=True)
class Bar:
    """A day of the chart; its length in percent of the longest bar's."""

    day: Day
    percent: int

    @property
    def text(self) -> str:
        """Return the bar in characters: at least one where there was a result."""
        length = -(-self.percent * MOST_BARS // 100)
        return ("-" if self.day.net < 0 else "+") * length


@dataclass(frozen=True, slots=True)
class Section:
    """What a digest tells of one currency."""

    result: CurrencyResult
    bars: list[Bar]


@dataclass(frozen=True, slots=True)
class Mail:
    subject: str
    text: str
    html: str
    stop_url: str


def written(user: User, content: DigestContent) -> Mail:
    """Write a user's digest in their language and zone."""
    context = _context(user, content)
    with (
        translation.override(user.language),
        timezone.override(zone_named(user.time_zone)),
    ):
        subject = render_to_string("notifications/digest/subject.txt", context)
        return Mail(
            " ".join(subject.split()),
            render_to_string("notifications/digest/mail.txt", context).strip() + "\n",
            render_to_string("notifications/digest/mail.html", context),
            context["stop_url"],
        )


def stopping_user(token: str) -> User | None:
    """Return whose digest a signed token stops; None if nobody signed it."""
    try:
        return User.objects.filter(pk=SIGNER.unsign(token)).first()
    except (BadSignature, ValidationError):
        return None


def bars(days: Sequence[Day]) -> list[Bar]:
    """Return a bar for each day, as long as its result is large beside the largest."""
    largest = max((abs(day.net) for day in days), default=Decimal(0))
    shares = (100 * abs(day.net) / (largest or 1) for day in days)
    return [Bar(day, math.ceil(share)) for day, share in zip(days, shares, strict=True)]


def _context(user: User, content: DigestContent) -> dict[str, Any]:
    token = SIGNER.sign(user.pk.hex)
    return {
        "content": content,
        "is_weekly": content.period.frequency == DigestFrequency.WEEKLY,
        "sections": [Section(each, bars(each.days)) for each in content.results],
        "site": settings.SITE_URL,
        "performance_url": urljoin(settings.SITE_URL, reverse("performance")),
        "settings_url": urljoin(settings.SITE_URL, reverse("settings")),
        "stop_url": urljoin(settings.SITE_URL, reverse("digest_stop", args=[token])),
    }
