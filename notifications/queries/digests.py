"""Digests: whose is due, and what is in it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from analytics.queries import fleet
from analytics.queries.fleet import Attention, Trouble
from analytics.queries.results import CurrencyResult, Span, results_by_currency
from bots.models import BotInstance
from notifications.models import Digest, DigestChoice, DigestFrequency
from notifications.periods import Due, Period, due_in_zone, zone_named

CHART_DAYS = timedelta(days=7)
OF_BOTS = (Trouble.BOT_ERROR, Trouble.BOT_OFFLINE)


@dataclass(frozen=True, slots=True)
class DigestContent:
    """What a digest tells a user; one without results still has its troubles."""

    period: Period
    results: Sequence[CurrencyResult]
    bots: Sequence[Attention]
    licenses: Sequence[Attention]

    def __bool__(self) -> bool:
        return bool(self.results or self.bots or self.licenses)


def due_by_zone(now: datetime) -> dict[Due, list[str]]:
    """Return what is due, with the names of the zones in which it is."""
    names = User.objects.order_by("time_zone").values_list("time_zone", flat=True)
    zones = defaultdict(list)
    for name in names.distinct():
        for due in due_in_zone(zone_named(name), now):
            zones[due].append(name)
    return zones


def users_to_send(due: Due, zones: Collection[str]) -> QuerySet[User]:
    """Return whose digest is not done yet, of who wanted it when it fell due."""
    chosen = Q(
        digest_choice__frequency=due.period.frequency,
        digest_choice__chosen_at__lt=due.since,
    )
    if due.period.frequency == DigestFrequency.WEEKLY:
        bots = BotInstance.objects.filter(user=OuterRef("pk"), created_at__lt=due.since)
        chosen |= Q(Exists(bots), digest_choice=None)
    done = Digest.objects.filter(user=OuterRef("pk"), period=due.period.key)
    return User.objects.filter(
        chosen,
        ~Exists(done),
        is_active=True,
        email_verified=True,
        time_zone__in=zones,
    ).order_by("pk")


def digest_frequency(user: User) -> DigestFrequency:
    """Return how often a user gets a digest, chosen or not."""
    choice = DigestChoice.objects.filter(user=user).first()
    if choice:
        return DigestFrequency(choice.frequency)
    has_bot = BotInstance.objects.filter(user=user).exists()
    return DigestFrequency.WEEKLY if has_bot else DigestFrequency.NEVER


def digest_content(user: User, period: Period, now: datetime) -> DigestContent:
    """Return what a user's digest of a period tells."""
    bots = fleet.fleet(user, now)
    span = Span(period.start, period.end, zone_named(user.time_zone))
    troubles = fleet.attention(user, bots, now)
    return DigestContent(
        period,
        results_by_currency(
            [each.bot for each in bots], span, chart_from=period.end - CHART_DAYS
        ),
        [each for each in troubles if each.trouble in OF_BOTS],
        [each for each in troubles if each.trouble == Trouble.LICENSE_EXPIRING],
    )
