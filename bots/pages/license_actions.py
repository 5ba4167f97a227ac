"""What an owner does to a license. Each asks first, on a page of its own.

A key is shown only to who proved lately who they are; allauth asks for it.
"""

import uuid
from dataclasses import dataclass

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.actors import acting, signed_in
from bots.models import BotInstance
from bots.pages.owned import own_license
from bots.services import licenses, releases
from licensing.models import License
from licensing.services import secrets
from smarttrader.lib import clock
from smarttrader.lib.errors import DomainError

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True)
class Question:
    """What a page asks before it acts."""

    title: str | Promise
    text: str | Promise
    button: str | Promise
    is_dangerous: bool = False


REVEAL = Question(
    gettext_lazy("Show the license key"),
    gettext_lazy(
        "Whoever has it can run a bot under your license. That you looked stands in the"
        " license's history."
    ),
    gettext_lazy("Show the key"),
)
ROTATE = Question(
    gettext_lazy("Replace the license key"),
    gettext_lazy(
        "The old key is unknown from then on, and every bot under this license is"
        " refused until its Expert Advisor has the new one. Open trades stay open."
    ),
    gettext_lazy("Replace the key"),
    is_dangerous=True,
)
RESET = Question(
    gettext_lazy("Unlock from the computer"),
    gettext_lazy(
        "The license is locked to the computer that activates it next. Bots that run"
        " now are refused until they activate again. Open trades stay open."
    ),
    gettext_lazy("Unlock"),
)
RELEASE = Question(
    gettext_lazy("Release the account"),
    gettext_lazy(
        "Its slot is free for another account, and its bots are refused from their next"
        " call on. What they traded stays; started again, they take a slot again."
    ),
    gettext_lazy("Release"),
    is_dangerous=True,
)


@GET_OR_POST
@login_required
def reveal(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    # A stranger's license is not there, whether or not somebody proved who they are.
    response: HttpResponse = _reveal(request, own_license(request, pk))
    return response


@reauthentication_required  # type: ignore[untyped-decorator]
def _reveal(request: HttpRequest, owned: License) -> HttpResponse:
    if request.method != "POST":
        return _ask(request, owned, REVEAL)
    try:
        key = secrets.reveal_key(
            license=owned, actor=acting(signed_in(request), request), now=clock.now()
        )
    except DomainError as refusal:
        return _refused(request, refusal)
    return render(request, "bots/license_key.html", {"license": owned, "key": key})


@GET_OR_POST
@login_required
def rotate(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    response: HttpResponse = _rotate(request, own_license(request, pk))
    return response


@reauthentication_required  # type: ignore[untyped-decorator]
def _rotate(request: HttpRequest, owned: License) -> HttpResponse:
    if request.method != "POST":
        return _ask(request, owned, ROTATE)
    try:
        licenses.rotate_key(
            license=owned, actor=acting(signed_in(request), request), now=clock.now()
        )
    except DomainError as refusal:
        return _refused(request, refusal)
    # Not shown at once: loading that page again would replace the key again.
    messages.success(request, _("The license has a new key. The old one is unknown."))
    return redirect("license_reveal", pk=owned.pk)


@GET_OR_POST
@login_required
def reset_hardware(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    owned = own_license(request, pk)
    if request.method != "POST":
        return _ask(request, owned, RESET)
    try:
        licenses.reset_hardware(
            license=owned, actor=acting(signed_in(request), request), now=clock.now()
        )
    except DomainError as refusal:
        return _refused(request, refusal)
    messages.success(request, _("The license is locked to no computer now."))
    return redirect("licenses")


@GET_OR_POST
@login_required
def release(request: HttpRequest, pk: uuid.UUID, bot_id: uuid.UUID) -> HttpResponse:
    owned = own_license(request, pk)
    bot = get_object_or_404(owned.bot_instances, pk=bot_id)
    if request.method != "POST":
        return _ask(request, owned, RELEASE, bot)
    try:
        releases.release_account(
            license=owned,
            mt4_account=bot.mt4_account,
            broker_server=bot.broker_server or "",
            actor=acting(signed_in(request), request),
            now=clock.now(),
        )
    except DomainError as refusal:
        return _refused(request, refusal)
    text = _("Account %(account)s is released; its slot is free.")
    messages.success(request, text % {"account": bot.mt4_account})
    return redirect("licenses")


def _ask(
    request: HttpRequest,
    license: License,
    question: Question,
    bot: BotInstance | None = None,
) -> HttpResponse:
    context = {"license": license, "question": question, "bot": bot}
    return render(request, "bots/license_action.html", context)


def _refused(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    messages.error(request, refusal.message)
    return redirect("licenses")
