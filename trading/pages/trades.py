"""Pages: the list of trades, and the same list as a file."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from smarttrader.lib import clock, spreadsheets
from smarttrader.lib.keyset import NotAPlace, Place
from trading import queries
from trading.filters import COLUMNS, SHOWN_IF_SET, TradeFilter
from trading.models import Trade
from trading.tables import csv_lines

ROWS = 50


@require_safe
@login_required
def trades(request: HttpRequest) -> HttpResponse:
    """Show a page of the trades that the filters in the URL leave."""
    chosen = TradeFilter(request.GET, Trade.objects.all(), request=request)
    if not chosen.is_valid():
        return _show(request, {"filter": chosen}, status=400)
    try:
        after = Place.read(request.GET["after"]) if "after" in request.GET else None
    except NotAPlace:
        chosen.form.add_error(None, _("This address names no page of the list."))
        return _show(request, {"filter": chosen}, status=400)
    bots = chosen.bots
    found = queries.newest_trades(
        bots, chosen.qs, limit=ROWS + 1, after=after, ticket=chosen.wanted_ticket
    )
    shown = found[:ROWS]
    return _show(
        request,
        {
            "filter": chosen,
            "bots": bots,
            "trades": shown,
            "printed": queries.when_printed(shown),
            "sums": queries.sums_of_trades(
                bots, chosen.qs, ticket=chosen.wanted_ticket
            ),
            "is_first": after is None,
            "next": Place(shown[-1].closed_at, shown[-1].pk) if found[ROWS:] else None,
            "query": _query(request),
            "columns": " ".join(chosen.chosen_columns),
            "all_columns": COLUMNS.items(),
            "filters": _set_filters(request),
        },
    )


@require_safe
@login_required
def export(request: HttpRequest) -> HttpResponseBase:
    """Hand the same trades over as a file, all of them, row by row."""
    chosen = TradeFilter(request.GET, Trade.objects.all(), request=request)
    if not chosen.is_valid():
        return _show(request, {"filter": chosen}, status=400)
    found = queries.all_trades(chosen.bots, chosen.qs, ticket=chosen.wanted_ticket)
    return spreadsheets.download("trades.csv", csv_lines(found))


def _show(
    request: HttpRequest, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    # htmx asks for the card alone; its own history, when it goes back, for all.
    is_part = request.headers.get("HX-Target") == "trades"
    template = "trading/_trades.html" if is_part else "trading/trades.html"
    context |= {
        "told_at": clock.now(),
        "is_part": is_part,
        "shown_if_set": SHOWN_IF_SET,
    }
    return render(request, template, context, status=status)


def _query(request: HttpRequest) -> str:
    """Return the filters of the URL, without the page and without what is empty."""
    values = request.GET.copy()
    for name, value in request.GET.items():
        if name == "after" or not value:
            values.pop(name)
    return values.urlencode()


def _set_filters(request: HttpRequest) -> list[tuple[str, str]]:
    """Return what the form of columns hands on of the address."""
    return [
        (name, str(value))
        for name, value in request.GET.items()
        if value and name not in ("after", "columns")
    ]
