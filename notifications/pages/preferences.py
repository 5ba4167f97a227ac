"""The page of what a user is told, by which channel, and when not."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actors import signed_in
from accounts.models import User
from notifications import telegram_api
from notifications.catalog import GROUPS, Channel, Event
from notifications.forms import EndpointForm, PreferencesForm, quiet_hours_of
from notifications.models import TelegramChat
from notifications.queries.preferences import choices_of
from notifications.services import preferences


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def notification_settings(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    sent = request.POST if request.method == "POST" else None
    form = PreferencesForm(sent, initial=quiet_hours_of(user))
    if form.is_valid():
        preferences.choose(
            user=user, choices=form.choices, quiet_hours=form.quiet_hours
        )
        messages.success(request, _("Your choices are saved."))
        return redirect("notification_settings")
    return settings_page(request, user, form=form)


def settings_page(
    request: HttpRequest,
    user: User,
    *,
    form: PreferencesForm | None = None,
    endpoint_form: EndpointForm | None = None,
) -> HttpResponse:
    """Return the page with the forms as they were filled in, if they were."""
    is_whole = form is None or form.is_whole
    if form is None or not is_whole:
        # What is left of a form that was cut off looks like a choice, but is none.
        form = PreferencesForm(initial=quiet_hours_of(user))
    endpoint_form = endpoint_form or EndpointForm()
    chat = TelegramChat.objects.filter(user=user).first()
    has_telegram = telegram_api.is_configured()
    endpoints = list(user.webhook_endpoints.order_by("created_at", "pk"))
    offered = [each for each in Channel if has_telegram or each != Channel.TELEGRAM]
    shown = {
        "form": form,
        "is_whole": is_whole,
        "groups": _groups(_wanted(user, form), offered),
        "channels": _headings(
            offered, has_chat=chat is not None, has_endpoint=bool(endpoints)
        ),
        "columns": 1 + len(offered),
        "telegram": chat,
        "has_telegram": has_telegram,
        "endpoints": endpoints,
        "endpoint_form": endpoint_form,
    }
    is_wrong = not is_whole or form.errors or endpoint_form.errors
    status = 400 if is_wrong else 200
    return render(request, "notifications/settings.html", shown, status=status)


def telegram_address(code: str) -> str:
    """Return the address that opens Telegram with the code, or nothing."""
    name = settings.TELEGRAM_BOT_NAME
    return f"https://t.me/{name}?start={code}" if name else ""


def _wanted(user: User, form: PreferencesForm) -> set[str]:
    if form.is_bound:
        return set(form["wanted"].data)
    chosen = choices_of(user)
    return {f"{event}:{channel}" for (event, channel), is_on in chosen.items() if is_on}


def _headings(
    offered: Sequence[Channel], *, has_chat: bool, has_endpoint: bool
) -> list[dict[str, str]]:
    """Return the columns, and what a way still lacks before anything goes by it."""
    missing = {}
    if not has_chat:
        missing[Channel.TELEGRAM] = _("none yet")
    if not has_endpoint:
        missing[Channel.WEBHOOK] = _("none yet")
    return [
        {
            "value": each.value,
            "label": str(each.label),
            "missing": missing.get(each, ""),
        }
        for each in offered
    ]


def _groups(wanted: set[str], offered: Sequence[Channel]) -> list[dict[str, Any]]:
    return [
        {"title": title, "rows": [_row(event, wanted, offered) for event in events]}
        for title, _type, events in GROUPS
    ]


def _row(event: Event, wanted: set[str], offered: Sequence[Channel]) -> dict[str, Any]:
    values = {channel: f"{event}:{channel}" for channel in Channel}
    return {
        "label": event.label,
        "kept": [
            value
            for channel, value in values.items()
            if channel not in offered and value in wanted
        ],
        "cells": [
            {
                "channel": channel.label,
                "value": values[channel],
                "is_on": values[channel] in wanted,
            }
            for channel in offered
        ],
    }
