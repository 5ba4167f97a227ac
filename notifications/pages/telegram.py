"""Linking a chat of Telegram, and letting it go."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.actors import signed_in
from notifications import telegram_api
from notifications.pages.preferences import telegram_address
from notifications.services import telegram
from smarttrader.lib import clock


@login_required
@require_POST
def link(request: HttpRequest) -> HttpResponse:
    """Show a code; loading the page again shows another, and voids this one."""
    if not telegram_api.is_configured():
        raise Http404
    code = telegram.offer_code(user=signed_in(request), now=clock.now())
    shown = {
        "code": code,
        "address": telegram_address(code),
        "bot_name": settings.TELEGRAM_BOT_NAME,
        "minutes": telegram.CODE_LASTS.seconds // 60,
    }
    return render(request, "notifications/telegram.html", shown)


@login_required
@require_POST
def unlink(request: HttpRequest) -> HttpResponse:
    if telegram.unlink_chat(user=signed_in(request)):
        messages.success(request, _("The chat is no longer linked."))
    return redirect("notification_settings")
