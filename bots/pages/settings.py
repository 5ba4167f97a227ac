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
from bots.forms import WholeSettings, differences, is_implausible
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
    if _is_to_be_confirmed(request, bot, forms):
        return _shown(request, bot, forms, status=409, is_doubted=True)
    try:
        version = bot_settings.change_settings(
            bot=bot,
            changes=forms.changes(),
            version_seen=forms.version_seen,
            actor=acting(signed_in(request), request),
            now=clock.now(),
        )
    except SettingsInvalid as refusal:
        forms.form.add_error(None, _told(refusal, bot))
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


def _is_to_be_confirmed(
    request: HttpRequest, bot: BotInstance, forms: WholeSettings
) -> bool:
    """Tell whether a guard is to act on a loss that should be asked about once more."""
    wanted = forms.form.cleaned_data
    limit = wanted["max_daily_loss"]
    is_meant = wanted["limits_currency"] == bot.account_currency
    is_confirmed = request.POST.get("confirmed") == str(limit)
    if is_confirmed or not (is_meant and wanted["guard_enabled"]):
        return False
    return is_implausible(limit, bot)


def _told(refusal: SettingsInvalid, bot: BotInstance) -> str:
    if refusal.field != "limits_currency":
        return refusal.message
    return _("The account is in %(currency)s now: look at the limits again.") % {
        "currency": bot.account_currency
    }


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
    saved_in = bot_settings.shown_settings(bot=bot).limits_currency
    context = {"bot": bot, "forms": forms, "saved_in": saved_in, **more}
    return render(request, "bots/settings.html", context, status=status)
