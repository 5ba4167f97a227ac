"""What an owner tells a bot to do."""

import uuid

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.actors import acting, signed_in
from bots.models import Command
from bots.pages.owned import own_bot
from bots.services.commands import queue_command
from smarttrader.lib import clock
from smarttrader.lib.errors import DomainError


class CommandForm(forms.Form):
    command = forms.ChoiceField(choices=Command.choices)


@require_POST
@login_required
def command(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    bot = own_bot(request, pk)
    form = CommandForm(request.POST)
    if not form.is_valid():
        raise BadRequest("command")
    told = Command(form.cleaned_data["command"])
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
