"""Licenses: what they are in use on, and what became of them."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.actors import signed_in
from bots import queries
from bots.pages.owned import own_license
from bots.queries import LicenseInUse
from licensing import queries as licensing
from licensing.models import LicenseEvent, LicenseType
from licensing.services import hardware
from smarttrader.lib import clock
from smarttrader.lib.actors import ActorType
from smarttrader.lib.keyset import Place, dated_place_of
from smarttrader.lib.localization import localized_date

LICENSES_SHOWN, EVENTS_SHOWN = 10, 25
NUMBER = re.compile(r"[0-9]{1,9}")
# What the details of an event are called; what is not here is for machines.
DETAILS = {
    "mt4_account": _("account"),
    "instance_name": _("bot"),
    "key_tail": _("key ending in"),
    "license_type": _("plan"),
    "max_accounts": _("accounts"),
    "expires_at": _("ends"),
    "code": _("because of"),
}
# Whose addresses and reasons an owner may read: their own, and their EAs'.
OWN_ACTORS = (ActorType.USER, ActorType.EA)


@dataclass(frozen=True)
class LicenseCard:
    used: LicenseInUse
    resets_left: int | None  # staff have no limit
    resets_allowed: int | None


@dataclass(frozen=True)
class EventLine:
    event: LicenseEvent
    details: list[tuple[str, str]]
    reason: str
    ip: str


@require_safe
@login_required
def licenses(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    after = dated_place_of(request)
    found = queries.licenses_of(
        signed_in(request), now, limit=LICENSES_SHOWN + 1, after=after
    )
    shown = found[:LICENSES_SHOWN]
    last = shown[-1].license if found[LICENSES_SHOWN:] else None
    context = {
        "cards": _cards(request, shown, now),
        "is_first": after is None,
        "next": Place(last.issued_at, last.pk) if last else None,
        "now": now,
    }
    return render(request, "bots/licenses.html", context)


@require_safe
@login_required
def license(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one license with its history."""
    now = clock.now()
    before = request.GET.get("before", "")
    if before and not NUMBER.fullmatch(before):
        raise BadRequest("before")
    owned = own_license(request, pk)
    events = licensing.events_of_owner(
        owned, limit=EVENTS_SHOWN + 1, before=int(before) if before else None
    )
    shown = events[:EVENTS_SHOWN]
    context = {
        "card": _cards(request, [queries.license_in_use(owned, now)], now)[0],
        "lines": [_line(event) for event in shown],
        "is_first": not before,
        "next": shown[-1].sequence if events[EVENTS_SHOWN:] else None,
        "now": now,
    }
    return render(request, "bots/license.html", context)


def _cards(
    request: HttpRequest, used: list[LicenseInUse], now: datetime
) -> list[LicenseCard]:
    by = signed_in(request).actor_type
    counts = licensing.hardware_resets(
        [each.license.pk for each in used],
        by=by,
        since=now - hardware.RESETS_ARE_COUNTED_FOR,
    )
    return [
        LicenseCard(
            each,
            hardware.resets_left(counts[each.license.pk], by),
            hardware.MOST_RESETS.get(by),
        )
        for each in used
    ]


def _line(event: LicenseEvent) -> EventLine:
    told = {**event.before, **event.after}
    details = [
        (str(label), _written(name, told[name]))
        for name, label in DETAILS.items()
        if told.get(name) not in (None, "")
    ]
    if event.actor_type not in OWN_ACTORS:
        return EventLine(event, details, "", "")
    return EventLine(event, details, event.reason, event.ip or "")


def _written(name: str, value: object) -> str:
    if name == "license_type" and value in LicenseType.values:
        return str(LicenseType(value).label)
    if name != "expires_at":
        return str(value)
    moment = timezone.localtime(datetime.fromisoformat(str(value)))
    return localized_date(moment, "j M Y H:i")
