"""The same file for who sits before a browser."""

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accounts.actors import acting, signed_in
from smarttrader.export import archive
from smarttrader.lib import clock


@login_required
@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    user, now = signed_in(request), clock.now()
    usage = archive.count_export(user)
    if usage.is_exceeded:
        refusal = render(request, "429.html", status=429)
        refusal.headers["Retry-After"] = str(usage.seconds_left)
        return refusal
    file = archive.export(user=user, actor=acting(user, request), now=now)
    return FileResponse(
        file,
        as_attachment=True,
        filename=archive.NAME,
        content_type="application/zip",
    )
