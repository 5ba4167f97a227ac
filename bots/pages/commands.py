"""What an owner tells a bot to do. To stop asks first, on a page of its own."""

import uuid

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import acting, signed_in
from bots.models import BotInstance, Command
from bots.pages.owned import own_bot
from bots.services.commands import queue_command
from smarttrader.lib import clock
from smarttrader.lib.errors import DomainError

AT_ONCE = (Command.PAUSE, Command.RESUME)


class CommandForm(forms.Form):
    command = forms.ChoiceField(choices=[(each, each.label) for each in AT_ONCE])


@require_POST
@login_required
def command(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    bot = own_bot(request, pk)
    form = CommandForm(request.POST)
    if not form.is_valid():
        raise BadRequest("command")
    return _tell(request, bot, Command(form.cleaned_data["command"]))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def stop(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    bot = own_bot(request, pk)
    if request.method == "POST":
        return _tell(request, bot, Command.STOP)
    return render(request, "bots/stop.html", {"bot": bot})


def _tell(request: HttpRequest, bot: BotInstance, told: Command) -> HttpResponse:
    try:
        queue_command(
            bot=bot,
            command=told,
            actor=acting(signed_in(request), request),
            now=clock.now(),
        )
    except DomainError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _sentence(told) % {"name": bot.instance_name})
    return redirect("bot", pk=bot.pk)


def _sentence(told: Command) -> str:
    return {
        Command.PAUSE: _("%(name)s hears with its next signal that it is to pause."),
        Command.RESUME: _("%(name)s hears with its next signal that it may trade on."),
        Command.STOP: _("%(name)s hears with its next signal that it is to stop."),
    }[told]
