"""What bots closed on whole days of a reader's own zone, by currency.

Read from hourly metrics. An hour belongs to the day in which it begins: in a zone that
is half an hour apart from UTC's hours, a day begins and ends half an hour late.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal

from analytics.models import MetricType, PerformanceMetric
from analytics.queries.performance import ZERO, CurvePoint, Day, deepest_drawdown
from analytics.queries.periods import (
    LARGEST,
    SMALLEST,
    SUMS,
    Figures,
    Period,
    composed,
)
from bots.models import BotInstance

A_DAY = timedelta(days=1)
FIGURES = (*SUMS, *LARGEST, *SMALLEST)
Hours = dict[uuid.UUID, list[Period]]  # of each bot, in order


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a zone, from the first up to, and without, the end."""

    start: date
    end: date
    zone: tzinfo

    @property
    def moments(self) -> tuple[datetime, datetime]:
        return _midnight(self.start, self.zone), _midnight(self.end, self.zone)

    @property
    def days(self) -> list[date]:
        count = (self.end - self.start) // A_DAY
        return [self.start + number * A_DAY for number in range(count)]


@dataclass(frozen=True, slots=True)
class BotResult:
    bot: BotInstance
    figures: Figures


@dataclass(frozen=True, slots=True)
class CurrencyResult:
    """What bots of one currency closed in a span, the best bot first.

    The drawdown of one bot is exact; that of several is their curve's, hour by hour.
    """

    currency: str
    figures: Figures
    drawdown: Decimal
    bots: list[BotResult]
    days: list[Day]  # of the chart, also those on which nothing closed

    @property
    def has_ranks(self) -> bool:
        """Whether there is a best bot and a worst."""
        return len(self.bots) > 1


def results_by_currency(
    bots: Sequence[BotInstance], span: Span, *, chart_from: date
) -> list[CurrencyResult]:
    """Return what the bots closed in a span, the busiest currency first.

    The chart's days end with the span's and begin at `chart_from`. A currency in which
    nothing closed in the span is left out.
    """
    chart = Span(chart_from, span.end, span.zone)
    hours = _hours(bots, chart)
    by_currency = defaultdict(list)
    for bot in bots:
        if bot.pk in hours:
            by_currency[bot.account_currency].append(bot)
    results = [
        _result(currency, members, hours, span, chart)
        for currency, members in by_currency.items()
    ]
    busy = [each for each in results if each.figures.total_trades]
    return sorted(busy, key=lambda each: (-each.figures.total_trades, each.currency))


def _hours(bots: Sequence[BotInstance], span: Span) -> Hours:
    start, end = span.moments
    rows = (
        PerformanceMetric.objects.filter(
            bot_instance__in=[bot.pk for bot in bots],
            metric_type=MetricType.HOURLY,
            period_start__gte=start,
            period_start__lt=end,
        )
        .order_by("bot_instance_id", "period_start")
        .values_list("bot_instance_id", "period_start", *FIGURES)
    )
    hours: Hours = defaultdict(list)
    for bot_id, hour, *values in rows:
        hours[bot_id].append(Period(hour, Figures(*values)))
    return hours


def _result(
    currency: str,
    bots: Sequence[BotInstance],
    hours: Mapping[uuid.UUID, list[Period]],
    span: Span,
    chart: Span,
) -> CurrencyResult:
    start, _ = span.moments
    within = {
        bot: [each for each in hours[bot.pk] if each.start >= start] for bot in bots
    }
    ranked = sorted(
        (BotResult(bot, composed(found)) for bot, found in within.items() if found),
        key=lambda each: (-each.figures.net_profit, each.bot.instance_name),
    )
    together = sorted(
        (each for found in within.values() for each in found),
        key=lambda each: each.start,
    )
    total = composed(together)
    alone = len(ranked) == 1
    return CurrencyResult(
        currency,
        total,
        total.max_drawdown if alone else deepest_drawdown(_curve(together), None, None),
        ranked,
        _days([each for bot in bots for each in hours[bot.pk]], chart),
    )


def _curve(hours: Sequence[Period]) -> list[CurvePoint]:
    """Return the curve of several bots; only its balances are told."""
    net: dict[datetime, Decimal] = defaultdict(Decimal)
    for each in hours:
        net[each.start] += each.figures.net_profit
    balance, curve = ZERO, []
    for hour, change in net.items():
        balance += change
        curve.append(CurvePoint(hour, 0, balance, ZERO))
    return curve


def _days(hours: Sequence[Period], chart: Span) -> list[Day]:
    found = {day: Day(day) for day in chart.days}
    for each in hours:
        day = each.start.astimezone(chart.zone).date()
        known = found[day]
        found[day] = Day(
            day,
            known.trades + each.figures.total_trades,
            known.net + each.figures.net_profit,
        )
    return list(found.values())


def _midnight(day: date, zone: tzinfo) -> datetime:
    """Return the moment at which a day begins, where clocks change at midnight, too."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
