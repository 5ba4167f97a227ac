"""Actions on licenses: each asks first, by POST, and wants a reason."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from bots.admin.license_forms import (
    ChangePlanForm,
    ExtendByCyclesForm,
    ExtendByDaysForm,
    LiftHoldsForm,
    TransferForm,
)
from bots.services import licenses
from licensing.models import Cycle, HoldSource, License, LicenseType
from licensing.services import holds, reselling, terms
from smarttrader.lib import clock
from smarttrader.lib.admin import ReadOnlyAdmin, is_staff_member, staff_actor
from smarttrader.lib.admin_forms import Act, ReasonForm, act_on_each, asking
from smarttrader.lib.attention import Text

OF_STAFF_ALONE = ("change_plan", "transfer", "rotate_key")
OF_STAFF = _("Its end moves so far, from today when it has passed. Nothing is charged.")
OF_RESELLERS = _(
    "Its end moves so far, from today when it has passed. Each cycle takes a credit of"
    " your allotment for its plan."
)
LIFTED_BY_STAFF = _(
    "Only the holds chosen are lifted; billing lifts its own when paid."
)
LIFTED_BY_RESELLERS = _("Holds of others stay: billing's, or the vendor's.")
Told = dict[str, Any]


def _source(request: HttpRequest) -> HoldSource:
    return HoldSource.ADMIN if is_staff_member(request) else HoldSource.RESELLER


def _by_days(request: HttpRequest, license: License, told: Told) -> bool:
    return terms.extend_from_end(
        license=license,
        ends_before=told["ends"][license.pk],
        days=told["days"],
        reason=told["reason"],
        actor=staff_actor(request),
        now=clock.now(),
    )


def _by_cycles(request: HttpRequest, license: License, told: Told) -> bool:
    return reselling.extend_from_allotment(
        reseller=signed_in(request),
        license=license,
        cycle=Cycle(told["cycle"]),
        cycles=told["cycles"],
        reason=told["reason"],
        idempotency_key=str(told["form_key"]),
        actor=staff_actor(request),
        now=clock.now(),
    )


def _suspend(request: HttpRequest, license: License, told: Told) -> None:
    holds.suspend_license(
        license=license,
        source=_source(request),
        actor=staff_actor(request),
        now=clock.now(),
        **told,
    )


def _lift_chosen(request: HttpRequest, license: License, told: Told) -> None:
    holds.lift_holds(
        license=license,
        hold_ids=[hold.pk for hold in told["holds"] if hold.license_id == license.pk],
        reason=told["reason"],
        actor=staff_actor(request),
        now=clock.now(),
    )


def _lift_own(request: HttpRequest, license: License, told: Told) -> None:
    holds.reinstate_license(
        license=license,
        source=HoldSource.RESELLER,
        actor=staff_actor(request),
        now=clock.now(),
        **told,
    )


def _reset_hardware(request: HttpRequest, license: License, told: Told) -> None:
    licenses.reset_hardware(
        license=license, actor=staff_actor(request), now=clock.now(), **told
    )


def _rotate_key(request: HttpRequest, license: License, told: Told) -> None:
    licenses.rotate_key(
        license=license, actor=staff_actor(request), now=clock.now(), **told
    )


def _change_plan(request: HttpRequest, license: License, told: Told) -> None:
    terms.change_plan(
        license=license,
        license_type=LicenseType(told["license_type"]),
        max_accounts=told["max_accounts"],
        reason=told["reason"],
        actor=staff_actor(request),
        now=clock.now(),
    )


def _transfer(request: HttpRequest, license: License, told: Told) -> None:
    licenses.transfer(
        license=license, actor=staff_actor(request), now=clock.now(), **told
    )


def _revoke(request: HttpRequest, license: License, told: Told) -> None:
    reselling.revoke_with_credit(
        license=license, actor=staff_actor(request), now=clock.now(), **told
    )


@dataclass(frozen=True)
class Question:
    """What an action does, asks and says first."""

    act: Act
    form_class: type[forms.Form]
    warning: Text


def _asking_by_role(
    name: str, title: Text, *, of_staff: Question, of_resellers: Question
) -> Callable[..., HttpResponse | None]:
    """Return an action as `asking` does, which staff are asked otherwise."""

    @admin.action(description=title, permissions=["act"])
    def action(
        model_admin: "LicenseActions", request: HttpRequest, rows: "QuerySet[License]"
    ) -> HttpResponse | None:
        asked = of_staff if is_staff_member(request) else of_resellers
        return act_on_each(
            model_admin,
            request,
            rows,
            title=title,
            action=name,
            act=partial(asked.act, request),
            form_class=asked.form_class,
            warning=asked.warning,
        )

    return action


class LicenseActions(ReadOnlyAdmin[License]):
    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("licensing.change_license")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if not is_staff_member(request):
            for name in OF_STAFF_ALONE:
                actions.pop(name, None)
        return actions

    extend = _asking_by_role(
        "extend",
        _("Extend"),
        of_staff=Question(_by_days, ExtendByDaysForm, OF_STAFF),
        of_resellers=Question(_by_cycles, ExtendByCyclesForm, OF_RESELLERS),
    )
    suspend = asking(
        "suspend",
        _("Suspend"),
        _suspend,
        warning=_(
            "Its bots open nothing new, and only look after what is open, until it is"
            " reinstated by who suspended it, or by staff."
        ),
    )

    reinstate = _asking_by_role(
        "reinstate",
        _("Reinstate"),
        of_staff=Question(_lift_chosen, LiftHoldsForm, LIFTED_BY_STAFF),
        of_resellers=Question(_lift_own, ReasonForm, LIFTED_BY_RESELLERS),
    )
    reset_hardware = asking(
        "reset_hardware",
        _("Reset hardware"),
        _reset_hardware,
        warning=_("The EAs of the license have to activate again."),
    )
    rotate_key = asking(
        "rotate_key",
        _("Replace the key"),
        _rotate_key,
        warning=_(
            "The old key is unknown from then on, and the EAs of the license are"
            " refused until they have the new one."
        ),
    )
    change_plan = asking(
        "change_plan",
        _("Change plan"),
        _change_plan,
        form_class=ChangePlanForm,
        warning=_(
            "The end stays; a trial runs the new plan's term from now. Accounts in use"
            " go on, also beyond the new number, but no further one is activated."
        ),
    )
    transfer = asking(
        "transfer",
        _("Transfer"),
        _transfer,
        form_class=TransferForm,
        warning=_("The license moves with its bots and trades, and gets a new key."),
    )
    revoke = asking(
        "revoke",
        _("Revoke"),
        _revoke,
        warning=_(
            "This is final. What was never activated and is at most seven days old is"
            " credited to its reseller."
        ),
    )
