"""The overview: accounts of one currency, how they do and what needs a hand."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from analytics import charts
from analytics.pages import parts
from analytics.queries import curves, fleet, performance, periods
from analytics.queries.curves import Curve
from analytics.queries.fleet import FleetBot
from analytics.queries.performance import CurvePoint
from bots.models import BotState
from licensing.queries import newest_license
from smarttrader.lib import clock

CurveReader = Callable[[], Curve]

BAR_DAYS = 14
SPARK_SPAN = timedelta(days=30)
TRADING = (BotState.ONLINE, BotState.SLOW)


@require_safe
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    user, now = parts.user_of(request), clock.now()
    bots = fleet.fleet(user, now)
    if not bots:
        return _first_run(request)
    if request.headers.get("HX-Target") == "waiting":
        # The first signal came: the page that waited for it becomes the overview.
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    currencies = fleet.currencies(bots)
    currency = request.GET.get("currency", currencies[0])
    if currency not in currencies:
        raise Http404
    shown = [each for each in bots if each.bot.account_currency == currency]
    todo = fleet.attention(user, bots, now)
    curve = curve_of(shown, now)
    context = {
        "currency": currency,
        "currencies": currencies,
        "kinds": fleet.kinds(shown),
        "accounts": len(shown),
    }
    return parts.answer(
        request,
        "analytics/overview.html",
        [
            parts.drawn(
                request,
                "summary",
                "analytics/_summary.html",
                lambda: {**_online(bots), "todo": len(todo)},
            ),
            behind_part(request, shown, now),
            figures_part(request, shown, curve, now, currency=currency),
            *chart_parts(request, shown, curve, now, currency=currency),
            parts.drawn(
                request,
                "bots",
                "analytics/_bots.html",
                lambda: {**context, "bots": shown, "now": now},
            ),
            parts.drawn(
                request,
                "attention",
                "analytics/_attention.html",
                lambda: {"attention": todo, "now": now},
            ),
            parts.drawn(
                request,
                "latest",
                "analytics/_latest.html",
                lambda: {"trades": fleet.latest_trades(shown)},
            ),
        ],
        context,
    )


def _online(bots: list[FleetBot]) -> dict[str, int]:
    """Count the bots that are online, and those that can be: no file, no freed slot."""
    return {
        "trading": sum(each.state in TRADING for each in bots),
        "count": sum(each.bot.is_connected for each in bots),
    }


def _first_run(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Target") == "waiting":
        return HttpResponse(status=204)
    license = newest_license(parts.user_of(request))
    return render(request, "analytics/first_run.html", {"license": license})


def curve_of(bots: list[FleetBot], now: datetime) -> CurveReader:
    """Return the bots' curve, read when it is first asked for."""
    return cache(lambda: curves.curve_of_bots([each.bot for each in bots], now))


def behind_part(
    request: HttpRequest, bots: list[FleetBot], now: datetime
) -> parts.Part:
    """Return what says that the figures lag behind the trades, if they do."""
    return parts.drawn(
        request,
        "behind",
        "analytics/_behind.html",
        lambda: {"is_behind": periods.is_behind([each.bot.pk for each in bots], now)},
    )


def figures_part(
    request: HttpRequest,
    bots: list[FleetBot],
    curve: CurveReader,
    now: datetime,
    *,
    currency: str,
) -> parts.Part:
    figures = [each.performance for each in bots]
    held = fleet.equity_now(bots)

    def context() -> dict[str, Any]:
        closed = curve().closed_since(now - SPARK_SPAN)
        days = performance.last_days(closed, BAR_DAYS, now)
        recent = _recent(curve(), closed, now)
        return {
            "total": performance.combined(figures, curve().deepest_drawdown()),
            "equity": held,
            "currency": currency,
            "today": days[-1],
            "bars": charts.bars(days),
            "bars_width": len(days) * charts.BAR_WIDTH,
            "spark": charts.sparkline([point.balance for point in recent]),
            "drawdown_spark": charts.sparkline([-point.drawdown for point in recent]),
        }

    return parts.drawn_later(
        request,
        "figures",
        "analytics/_figures_cards.html",
        context,
        version_of=(figures, held, now.date()),
    )


def chart_parts(
    request: HttpRequest,
    bots: list[FleetBot],
    curve: CurveReader,
    now: datetime,
    *,
    currency: str,
) -> list[parts.Part]:
    """Return the chart, or nothing to the pulse of a page that is zoomed in."""
    if parts.is_zoomed(request) and request.headers.get("HX-Target") == "pulse":
        return []

    def context() -> dict[str, Any]:
        shown = curve()
        period = parts.period_of(request, shown.span, now)
        return {
            "period": period,
            "ranges": parts.RANGES.items(),
            "currency": currency,
            "equity_since": shown.told_since,
            "chart": charts.balance_chart(
                shown.between(period.start, period.end),
                start=period.start,
                end=period.end,
                zone=timezone.get_current_timezone(),
                opening=shown.start,
            ),
        }

    return [
        parts.drawn_later(
            request,
            "chart",
            "analytics/_chart.html",
            context,
            version_of=([each.performance for each in bots], f"{now:%Y-%m-%d %H}"),
        )
    ]


def _recent(curve: Curve, closed: list[CurvePoint], now: datetime) -> list[CurvePoint]:
    """Return the last 30 days of a curve, or all of one that rested since."""
    recent = [point for point in closed if point.hour >= now - SPARK_SPAN]
    return recent or curve.closed_since()
