"""A bot's settings, by version: a change never undoes one that nobody saw."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actors import acting, signed_in
from bots.forms import WholeSettings, differences
from bots.models import BotInstance
from bots.pages.owned import own_bot
from bots.queries import BotNotFound
from bots.services import bot_settings
from bots.settings_schema import SettingsInvalid
from smarttrader.lib import clock


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def settings(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    bot = own_bot(request, pk)
    forms = _forms(bot, request)
    if request.method != "POST":
        return _shown(request, bot, forms)
    if not forms.is_valid():
        return _shown(request, bot, forms, status=400)
    try:
        version = bot_settings.change_settings(
            bot=bot,
            changes=forms.changes(),
            version_seen=forms.version_seen,
            actor=acting(signed_in(request), request),
            now=clock.now(),
        )
    except SettingsInvalid as refusal:
        forms.form.add_error(None, refusal.message)
        return _shown(request, bot, forms, status=400)
    except (BotNotFound, bot_settings.NoSettings) as error:
        raise Http404 from error
    except bot_settings.SettingsChanged:
        return _changed_meanwhile(request, own_bot(request, pk), forms)
    if version == forms.version_seen:
        messages.info(request, _("Nothing was changed."))
    else:
        messages.success(
            request, _("Saved. The bot fetches the settings with its next signal.")
        )
    return redirect("bot", pk=bot.pk)


def _forms(bot: BotInstance, request: HttpRequest) -> WholeSettings:
    try:
        stored = bot_settings.shown_settings(bot=bot)
    except bot_settings.NoSettings as error:
        raise Http404 from error
    sent = request.POST if request.method == "POST" else None
    return WholeSettings(stored, version=bot.settings_version, sent=sent)


def _changed_meanwhile(
    request: HttpRequest, bot: BotInstance, forms: WholeSettings
) -> HttpResponse:
    """Show what holds now beside what was sent, which a second click saves."""
    stored = bot_settings.shown_settings(bot=bot)
    sent = request.POST.copy()
    sent["version"] = str(bot.settings_version)
    again = WholeSettings(stored, version=bot.settings_version, sent=sent)
    found = differences(stored, forms.changes())
    return _shown(request, bot, again, status=409, differences=found)


def _shown(
    request: HttpRequest,
    bot: BotInstance,
    forms: WholeSettings,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {"bot": bot, "forms": forms, **more}
    return render(request, "bots/settings.html", context, status=status)
