"""What the trades of some bots amount to: figures, breakdowns, tables, a calendar."""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from analytics.heat_map import months_of_year
from analytics.models import MetricType
from analytics.pages import parts
from analytics.pages.breakdowns import breakdowns_of_days
from analytics.pages.overview import CurveReader, chart_parts, curve_of
from analytics.queries import breakdowns, fleet, order, periods
from analytics.queries.breakdowns import Days
from analytics.queries.fleet import FleetBot
from analytics.queries.periods import Period
from smarttrader.lib import clock
from smarttrader.lib.months import add_months
from trading.models import TradeStatus

PERIOD_ROWS = 20
# What an address says beside the accounts, and another choice of accounts keeps.
KEPT = ("range", "from", "to", "by", "year")
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
INSTANT = timedelta(microseconds=1)
STEPS = {
    MetricType.HOURLY: gettext_lazy("Hours"),
    MetricType.DAILY: gettext_lazy("Days"),
    MetricType.WEEKLY: gettext_lazy("Weeks"),
    MetricType.MONTHLY: gettext_lazy("Months"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The bots that are looked at, all of one currency."""

    bots: list[FleetBot]
    bot: FleetBot | None
    currency: str
    curve: CurveReader
    now: datetime

    @property
    def ids(self) -> list[uuid.UUID]:
        return [each.bot.pk for each in self.bots]

    def trades_url(self, **filters: Any) -> str:
        """Return the address of the trades that filters leave; None filters nothing."""
        named = {"bot": self.bot.bot.pk} if self.bot else {"currency": self.currency}
        values = {name: value for name, value in filters.items() if value is not None}
        return f"{reverse('trades')}?{urlencode({**named, **values})}"


@require_safe
@login_required
def performance(request: HttpRequest) -> HttpResponse:
    user, now = parts.user_of(request), clock.now()
    bots = fleet.fleet(user, now)
    if not bots:
        return render(request, "analytics/performance.html", {"bots": []})
    currencies = fleet.currencies(bots)
    chosen = _chosen(request, bots, currencies[0], now)
    context = {
        "bots": bots,
        "chosen": chosen,
        "currency": chosen.currency,
        "currencies": currencies,
        "choices": [each for each in bots if _currency(each) == chosen.currency],
        "kinds": fleet.kinds(chosen.bots),
        "kept": [(name, request.GET[name]) for name in KEPT if name in request.GET],
    }
    contexts = {"numbers": _numbers, "calendar": _calendar, "periods": _periods}
    shown = [
        *chart_parts(request, chosen.bots, chosen.curve, now, currency=chosen.currency),
        *(
            parts.drawn_later(
                request, name, f"analytics/_{name}.html", partial(of, request, chosen)
            )
            for name, of in contexts.items()
        ),
    ]
    return parts.answer(request, "analytics/performance.html", shown, context)


def _chosen(
    request: HttpRequest, bots: list[FleetBot], usual_currency: str, now: datetime
) -> Chosen:
    """Return the bot or the currency that the address names. Raises Http404."""
    wanted = request.GET.get("bot", "")
    if wanted:
        shown = [each for each in bots if str(each.bot.pk) == wanted]
        currency = _currency(shown[0]) if shown else ""
    else:
        currency = request.GET.get("currency", usual_currency)
        shown = [each for each in bots if _currency(each) == currency]
    if not shown:
        raise Http404
    bot = shown[0] if wanted else None
    return Chosen(shown, bot, currency, curve_of(shown, now), now)


def _currency(each: FleetBot) -> str:
    currency: str = each.bot.account_currency
    return currency


# --- Figures and breakdowns of a period -----------------------------------------------
def _numbers(request: HttpRequest, chosen: Chosen) -> dict[str, Any]:
    days = _days(request, chosen)
    figures = periods.composed(periods.periods_of_days(chosen.ids, days))
    if len(chosen.bots) > 1:
        start, end = (
            breakdowns.midnight(day) if day else None for day in (days.start, days.end)
        )
        drawdown = chosen.curve().deepest_drawdown(start, end)
        figures = replace(figures, max_drawdown=drawdown)
    in_order = None
    if figures.total_trades <= order.MOST_ORDERED:
        # Where the metrics know of more, twenty thousand would be read for nothing.
        in_order = order.order_of_trades(
            chosen.ids, days, first_opened_at=figures.first_opened_at
        )
    return {
        "currency": chosen.currency,
        "days": days,
        "last_day": _last(days),
        "figures": figures,
        "trades_url": chosen.trades_url(
            status=TradeStatus.CLOSED, first_day=days.start, last_day=_last(days)
        ),
        "order": in_order,
        "most_ordered": order.MOST_ORDERED,
        "sortino": in_order and figures.sortino_ratio(in_order.squared_losses),
        "is_behind": periods.is_behind(chosen.ids, chosen.now),
        "breakdowns": breakdowns_of_days(chosen.ids, days)
        if figures.total_trades
        else [],
    }


def _days(request: HttpRequest, chosen: Chosen) -> Days:
    """Return the whole UTC days that the period in the address touches."""
    period = parts.period_of(request, chosen.curve().span, chosen.now)
    if period.name == parts.ALL:
        return breakdowns.ALL_DAYS
    last = (period.end - INSTANT).astimezone(UTC).date()
    return Days(period.start.astimezone(UTC).date(), last + DAY)


def _last(days: Days) -> date | None:
    return days.end - DAY if days.end else None


# --- The calendar and the tables ------------------------------------------------------
def _calendar(request: HttpRequest, chosen: Chosen) -> dict[str, Any]:
    begun, ended = chosen.curve().span or (chosen.now, chosen.now)
    first = begun.astimezone(UTC).year
    last = max(chosen.now, ended).astimezone(UTC)
    try:
        year = int(request.GET.get("year", last.year))
    except ValueError as error:
        raise BadRequest("year") from error
    # Also one before the first trade: another account was looked at in that year.
    if not parts.EARLIEST.year <= year <= last.year:
        raise Http404
    days = periods.days_of_year(chosen.ids, year)
    months = months_of_year(
        year, days, currency=chosen.currency, trades_url=chosen.trades_url(day="")
    )
    return {
        "year": year,
        "before": year - 1 if year > first else None,
        "after": max(year + 1, first) if year < last.year else None,
        "weekdays": WEEKDAYS_ABBR.values(),
        # The months that are yet to come have nothing to show.
        "months": months[: last.month if year == last.year else 12],
        "trades": sum(day.trades for day in days),
        "net": sum((day.net for day in days), Decimal(0)),
        "currency": chosen.currency,
    }


def _periods(request: HttpRequest, chosen: Chosen) -> dict[str, Any]:
    try:
        step = MetricType(request.GET.get("by", MetricType.DAILY))
        before = _before(request)
    except (ValueError, OverflowError) as error:
        raise BadRequest("by, before") from error
    found = periods.newest_periods(
        chosen.ids, step, limit=PERIOD_ROWS + 1, before=before
    )
    shown = found[:PERIOD_ROWS]
    return {
        "step": step,
        "steps": STEPS.items(),
        "periods": [(period, _trades_of(chosen, step, period)) for period in shown],
        "next": shown[-1].start if found[PERIOD_ROWS:] else None,
        "is_first": before is None,
        "currency": chosen.currency,
        # The drawdown of a period is that of one bot's trades, in their order.
        "has_drawdown": len(chosen.bots) == 1,
    }


def _trades_of(chosen: Chosen, step: MetricType, period: Period) -> str:
    """Return the address of a period's trades; of an hour there is none."""
    start = period.start.astimezone(UTC)
    if step == MetricType.DAILY:
        return chosen.trades_url(day=start.date())
    if step == MetricType.HOURLY:
        return ""
    end = add_months(start, 1) if step == MetricType.MONTHLY else start + WEEK
    days = Days(start.date(), end.date())
    return chosen.trades_url(
        status=TradeStatus.CLOSED, first_day=days.start, last_day=_last(days)
    )


def _before(request: HttpRequest) -> datetime | None:
    text = request.GET.get("before", "")
    return parts.moment(text) if text else None
