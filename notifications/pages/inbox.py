"""The inbox: what a user was told, day by day, and what of it is unread."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.actors import signed_in
from notifications.forms import KINDS, InboxForm, SeenForm
from notifications.links import path_of
from notifications.models import Notification
from notifications.queries.inbox import EVERYTHING, newest_notifications, unread_count
from notifications.services.inbox import mark_read, mark_seen
from smarttrader.lib import clock
from smarttrader.lib.keyset import Place, dated_place_of

ROWS = 30


@dataclass(frozen=True, slots=True)
class Line:
    notification: Notification
    path: str

    @property
    def day(self) -> date:
        return timezone.localdate(self.notification.created_at)


@dataclass(frozen=True, slots=True)
class Day:
    name: str  # empty: the date says it
    date: date
    lines: list[Line]


@require_safe
@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    return _inbox(request)


@require_POST
@login_required
def read(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Mark one as read; the address goes on with the filters of the list."""
    own = Notification.objects.visible_to(signed_in(request))
    mark_read(user=signed_in(request), only=get_object_or_404(own, pk=pk).pk)
    return _changed(request)


@require_POST
@login_required
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark as read what the page showed and all that is older."""
    form, seen = InboxForm(request.GET), SeenForm(request.POST)
    if not form.is_valid() or not seen.is_valid():
        raise BadRequest("seen, rest, type")
    mark_seen(
        user=signed_in(request),
        seen=seen.cleaned_data["seen"],
        rest=seen.cleaned_data["rest"],
        type=form.wanted.type,
    )
    return _changed(request)


@require_safe
@login_required
def unread(request: HttpRequest) -> HttpResponse:
    """Answer the tick of a page with the badge, where its number is another."""
    count = unread_count(signed_in(request))
    if request.GET.get("shown") == str(count):
        return HttpResponse(status=204)
    response = render(request, "notifications/_badges.html", {"unread": count})
    # The list of the inbox, where it is open, asks anew.
    response.headers["HX-Trigger"] = "unread"
    return response


def _changed(request: HttpRequest) -> HttpResponse:
    if "HX-Request" in request.headers:
        return _inbox(request)
    query = request.GET.urlencode()
    return redirect(f"{reverse('notifications')}?{query}" if query else "notifications")


def _inbox(request: HttpRequest) -> HttpResponse:
    form = InboxForm(request.GET)
    if not form.is_valid():
        return _show(request, {"form": form}, status=400)
    user, after = signed_in(request), dated_place_of(request)
    found = newest_notifications(user, form.wanted, limit=ROWS + 1, after=after)
    shown = found[:ROWS]
    last = shown[-1] if found[ROWS:] else None
    context = {
        "form": form,
        "days": _days(shown, clock.now()),
        "seen": [each.pk for each in shown if not each.is_read],
        "is_first": after is None,
        "next": Place(last.created_at, last.pk) if last else None,
        "is_filtered": form.wanted != EVERYTHING,
        "has_bots": user.bot_instances.exists() if not shown else True,
    }
    return _show(request, context)


def _show(
    request: HttpRequest, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    is_part = request.headers.get("HX-Target") == "inbox"
    template = "notifications/_part.html" if is_part else "notifications/inbox.html"
    query = request.GET.urlencode()
    shown = {**context, "query": query, "kinds": KINDS.items()}
    return render(request, template, shown, status=status)


def _days(shown: list[Notification], now: datetime) -> list[Day]:
    """Return the page's lines under their days, in the reader's zone."""
    today = timezone.localdate(now)
    names = {today: _("Today"), today - timedelta(days=1): _("Yesterday")}
    lines = [Line(each, path_of(each.metadata)) for each in shown]
    return [
        Day(names.get(day, ""), day, list(told))
        for day, told in groupby(lines, lambda line: line.day)
    ]
