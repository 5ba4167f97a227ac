"""Leaving mails of a kind by the address that stands in them, without signing in.

A GET asks, since programs follow links in mails; a POST does it, also the one of a mail
program (RFC 8058), which brings no cookie.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import User
from notifications.services import preferences
from notifications.unsubscribing import read_token


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    leaving = read_token(token)
    if leaving is None:
        raise Http404
    user = get_object_or_404(User, pk=leaving.user_id)
    is_all = "all" in request.POST
    if request.method == "POST":
        preferences.unsubscribe(user=user, event=None if is_all else leaving.event)
    shown = {
        "event": leaving.event,
        "is_done": request.method == "POST",
        "is_all": is_all,
    }
    return render(request, "notifications/unsubscribe.html", shown)
