"""The digest: how often it comes, what it looks like, and its end."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.actors import signed_in
from notifications.digests import stopping_user, written
from notifications.forms import DigestForm
from notifications.models import DigestFrequency
from notifications.periods import LENGTHS, latest_period, zone_named
from notifications.queries.digests import digest_content, digest_frequency
from notifications.services.digests import choose_digest
from smarttrader.lib import clock


@require_POST
@login_required
def choose(request: HttpRequest) -> HttpResponse:
    form = DigestForm(request.POST)
    if not form.is_valid():
        raise BadRequest("frequency")
    frequency = DigestFrequency(form.cleaned_data["frequency"])
    choose_digest(user=signed_in(request), frequency=frequency, now=clock.now())
    messages.success(request, _("Your settings are saved."))
    return redirect("settings")


# A mail client's button posts without a cookie; the signed address is proof enough.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whoever followed the link of a digest, and stop it when they say so."""
    user = stopping_user(token)
    if user is None:
        raise Http404
    is_stopped = request.method == "POST"
    if is_stopped:
        choose_digest(user=user, frequency=DigestFrequency.NEVER, now=clock.now())
    return render(request, "notifications/digest/stop.html", {"is_stopped": is_stopped})


@require_safe
@login_required
def preview(request: HttpRequest) -> HttpResponse:
    """Show the digest of the day or week past, as it would come by mail."""
    user, now = signed_in(request), clock.now()
    wanted = request.GET.get("frequency") or digest_frequency(user)
    if wanted not in DigestFrequency:
        raise BadRequest("frequency")
    frequency = wanted if wanted in LENGTHS else DigestFrequency.WEEKLY
    zone = zone_named(user.time_zone)
    period = latest_period(DigestFrequency(frequency), zone, now)
    content = digest_content(user, period, now)
    return HttpResponse(written(user, content).html)
