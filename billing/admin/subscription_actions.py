"""What staff do to a subscription from its list, each after a page that asks."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing.models import Subscription
from billing.services import cancelling, plans
from smarttrader.lib import clock
from smarttrader.lib.admin import staff_actor
from smarttrader.lib.admin_forms import ConfirmForm, asking

Told = dict[str, Any]


def _cancel_at_end(request: HttpRequest, row: Subscription, _told: Told) -> None:
    actor = staff_actor(request)
    cancelling.cancel_at_period_end(subscription=row, actor=actor, now=clock.now())


def _undo_cancellation(request: HttpRequest, row: Subscription, _told: Told) -> None:
    actor = staff_actor(request)
    cancelling.undo_cancellation(subscription=row, actor=actor, now=clock.now())


def _keep_plan(request: HttpRequest, row: Subscription, _told: Told) -> None:
    actor = staff_actor(request)
    plans.forget_change(subscription=row, actor=actor, now=clock.now())


def _cancel_at_once(request: HttpRequest, row: Subscription, told: Told) -> None:
    actor, reason = staff_actor(request), told["reason"]
    cancelling.cancel_now(subscription=row, actor=actor, reason=reason, now=clock.now())


cancel_at_end = asking(
    "cancel_at_end",
    _("Cancel at the end"),
    _cancel_at_end,
    form_class=ConfirmForm,
    warning=_(
        "It goes on until what is paid for ends, and is not renewed. Until then the"
        " cancellation can be undone. Nothing is paid back."
    ),
    permission="settle",
)
undo_cancellation = asking(
    "undo_cancellation",
    _("Undo the cancellation"),
    _undo_cancellation,
    form_class=ConfirmForm,
    warning=_("It goes on, and is renewed when its period ends."),
    permission="settle",
)
keep_plan = asking(
    "keep_plan",
    _("Keep plan and cycle"),
    _keep_plan,
    form_class=ConfirmForm,
    warning=_("The change that was to begin at the end is forgotten."),
    permission="settle",
)
cancel_at_once = asking(
    "cancel_at_once",
    _("Cancel at once, and hold the license"),
    _cancel_at_once,
    warning=_(
        "It ends now, and cannot be undone. Unless another one pays for its"
        " license, that is held: its bots open nothing new. The owner is told."
        " Nothing is paid back by this: that is done at the payment."
    ),
    permission="settle",
)
