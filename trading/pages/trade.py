"""One trade: what it was, and its price and floating profit while it was open."""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import User
from smarttrader.jobs.partitions import TRADE_HISTORY
from smarttrader.lib import clock
from trading import queries
from trading.charts import trade_chart
from trading.models import Trade


@require_safe
@login_required
def trade(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    assert isinstance(request.user, User)  # noqa: S101 -- login_required sees to it
    visible = Trade.objects.visible_to(request.user).with_id(pk)
    found = get_object_or_404(visible.select_related("bot_instance"))
    now = clock.now()
    buckets = queries.drawn_ticks(found, now=now)
    context = {
        "trade": found,
        "bot": found.bot_instance,
        "currency": found.bot_instance.account_currency,
        "chart": trade_chart(found, buckets, zone=timezone.get_current_timezone()),
        "days_kept": TRADE_HISTORY.retention_days,
        "now": now,
        "printed": queries.when_printed([found]),
    }
    return render(request, "trading/trade.html", context)
