"""The bots, and one of them from close by."""

import uuid
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from analytics.pages import parts
from analytics.pages.overview import behind_part, chart_parts, curve_of, figures_part
from analytics.queries import fleet
from bots import queries as bots_queries
from bots.models import BotInstance, BotLog, LogCategory, LogLevel
from smarttrader.lib import clock
from smarttrader.lib.keyset import Place, dated_place_of

LOG_ROWS, COMMAND_ROWS = 15, 4
PERIOD = ("range", "from", "to")


@require_safe
@login_required
def bots(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    found = fleet.fleet(parts.user_of(request), now)
    shown = {"bots": found, "now": now}
    return parts.answer(
        request,
        "analytics/bots.html",
        [
            behind_part(request, found, now),
            parts.drawn(request, "fleet", "analytics/_fleet.html", lambda: shown),
        ],
        {},
    )


@require_safe
@login_required
def bot(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    now = clock.now()
    found = fleet.fleet_bot(parts.user_of(request), pk, now)
    if found is None:
        raise Http404
    currency = found.bot.account_currency
    context = {"each": found, "bot": found.bot, "currency": currency, "now": now}
    curve = curve_of([found], now)

    def control() -> dict[str, Any]:
        told = bots_queries.latest_commands(found.bot, COMMAND_ROWS)
        return {**context, "state": found.state, "commands": told}

    shown = [
        parts.drawn(
            request,
            "guard",
            "analytics/_guard.html",
            lambda: {
                **context,
                "breaches": bots_queries.breaches_to_show(found.bot, now),
            },
        ),
        parts.drawn(request, "state", "analytics/_bot_state.html", lambda: context),
        parts.drawn(request, "commands", "bots/_commands.html", control),
        behind_part(request, [found], now),
        figures_part(request, [found], curve, now, currency=currency),
        *chart_parts(request, [found], curve, now, currency=currency),
        parts.drawn(
            request,
            "latest",
            "analytics/_latest.html",
            lambda: {"trades": fleet.latest_trades([found]), "of_bot": found.bot},
        ),
    ]
    if request.headers.get("HX-Target") != "pulse":
        log = partial(_log, request, found.bot, now)
        shown.append(parts.drawn(request, "log", "analytics/_log.html", log))
    return parts.answer(request, "analytics/bot.html", shown, context)


class LogFilter(forms.Form):
    level = forms.ChoiceField(
        choices=[("", gettext_lazy("All levels")), *LogLevel.choices],
        required=False,
        label=gettext_lazy("Level"),
    )
    category = forms.ChoiceField(
        choices=[("", gettext_lazy("All categories")), *LogCategory.choices],
        required=False,
        label=gettext_lazy("Category"),
    )


def _log(request: HttpRequest, bot: BotInstance, now: datetime) -> dict[str, Any]:
    chosen = LogFilter(request.GET)
    if not chosen.is_valid():
        raise BadRequest("level, category")
    after = dated_place_of(request)
    level, category = (chosen.cleaned_data[name] for name in ("level", "category"))
    matching = BotLog.objects.all()
    if level:
        matching = matching.filter(log_level=level)
    if category:
        matching = matching.filter(category=category)
    lines = bots_queries.newest_logs(
        [bot], matching, limit=LOG_ROWS + 1, after=after, now=now
    )
    shown = lines[:LOG_ROWS]
    return {
        "bot": bot,
        "form": chosen,
        # What else the address says: the form's own values replace the rest.
        "period": [(name, request.GET[name]) for name in PERIOD if name in request.GET],
        "lines": shown,
        "is_first": after is None,
        "is_filtered": any(chosen.cleaned_data.values()),
        "next": Place(shown[-1].created_at, shown[-1].pk) if lines[LOG_ROWS:] else None,
    }
