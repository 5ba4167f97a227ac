"""Connect a bot: three steps, the last of which waits for the first signal."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.actors import signed_in
from accounts.models import User
from bots import queries
from bots.models import BotInstance
from bots.queries import LicenseInUse
from licensing.models import LicenseEvent
from smarttrader.lib import clock

# What happened this long ago still belongs to the visit. A refusal is told to the
# license's history once an hour, so a shorter while could miss it.
LATELY = timedelta(hours=1)
LICENSES_LOOKED_AT = 10


@dataclass(frozen=True)
class Progress:
    """How far somebody came: steps are done in order, each by what it needs."""

    licenses: list[LicenseInUse]
    bots: list[BotInstance]
    refusal: LicenseEvent | None

    @property
    def ready(self) -> list[LicenseInUse]:
        """Return the licenses that let another account in."""
        return [each for each in self.licenses if each.has_room]

    @property
    def heard(self) -> list[BotInstance]:
        return [bot for bot in self.bots if bot.last_heartbeat is not None]

    @property
    def step(self) -> int:
        """Return the step that is to be done now; 4 when all are."""
        if self.heard:
            return 4
        if self.bots:
            return 3
        return 2 if self.ready else 1

    @property
    def version(self) -> str:
        """Return what differs as soon as something else is to be shown."""
        shown = [
            *(str(each.license.pk) for each in self.ready),
            *(f"{bot.pk}{bot.last_heartbeat is None}" for bot in self.bots),
            str(self.refusal.pk if self.refusal else ""),
        ]
        return hashlib.blake2b(".".join(shown).encode(), digest_size=6).hexdigest()


@require_safe
@login_required
def connect(request: HttpRequest) -> HttpResponse:
    progress = _progress(signed_in(request), clock.now())
    context = {"progress": progress, "site": settings.SITE_URL}
    if request.headers.get("HX-Target") != "steps":
        return render(request, "bots/connect.html", context)
    if request.GET.get("seen") == progress.version:
        return HttpResponse(status=204)
    return render(request, "bots/_connect_steps.html", context)


def _progress(user: User, now: datetime) -> Progress:
    return Progress(
        queries.licenses_of(user, now, limit=LICENSES_LOOKED_AT),
        queries.connecting_bots(user, now - LATELY),
        queries.refused_activation(user, now - LATELY),
    )
