"""Actions on licenses: each asks first, by POST, and wants a reason."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from bots.admin.license_forms import (
    ChangePlanForm,
    ExtendByCyclesForm,
    ExtendByDaysForm,
    TransferForm,
)
from bots.services import licenses
from licensing.models import Cycle, HoldSource, License, LicenseType
from licensing.services import holds, reselling, terms
from smarttrader.lib import clock
from smarttrader.lib.admin import ReadOnlyAdmin, is_staff_member, staff_actor
from smarttrader.lib.admin_forms import act_on_each

OF_STAFF_ALONE = ("change_plan", "transfer")


class LicenseActions(ReadOnlyAdmin[License]):
    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("licensing.change_license")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if not is_staff_member(request):
            for name in OF_STAFF_ALONE:
                actions.pop(name, None)
        return actions

    @admin.action(description=_("Extend"), permissions=["act"])
    def extend(
        self, request: HttpRequest, queryset: "QuerySet[License]"
    ) -> HttpResponse | None:
        actor, now = staff_actor(request), clock.now()

        def by_days(license: License, told: dict[str, Any]) -> None:
            terms.extend_license(license=license, actor=actor, now=now, **told)

        def by_cycles(license: License, told: dict[str, Any]) -> None:
            reselling.extend_from_allotment(
                reseller=signed_in(request),
                license=license,
                cycle=Cycle(told["cycle"]),
                cycles=told["cycles"],
                reason=told["reason"],
                idempotency_key=str(told["form_key"]),
                actor=actor,
                now=now,
            )

        is_staff = is_staff_member(request)
        return act_on_each(
            self,
            request,
            queryset,
            title=_("Extend"),
            action="extend",
            act=by_days if is_staff else by_cycles,
            form_class=ExtendByDaysForm if is_staff else ExtendByCyclesForm,
        )

    @admin.action(description=_("Suspend"), permissions=["act"])
    def suspend(
        self, request: HttpRequest, queryset: "QuerySet[License]"
    ) -> HttpResponse | None:
        def act(license: License, told: dict[str, Any]) -> None:
            holds.suspend_license(
                license=license,
                source=_source(request),
                actor=staff_actor(request),
                now=clock.now(),
                **told,
            )

        return act_on_each(
            self, request, queryset, title=_("Suspend"), action="suspend", act=act
        )

    @admin.action(description=_("Reinstate"), permissions=["act"])
    def reinstate(
        self, request: HttpRequest, queryset: "QuerySet[License]"
    ) -> HttpResponse | None:
        def act(license: License, told: dict[str, Any]) -> None:
            holds.reinstate_license(
                license=license,
                source=_source(request),
                actor=staff_actor(request),
                now=clock.now(),
                **told,
            )

        return act_on_each(
            self,
            request,
            queryset,
            title=_("Reinstate"),
            action="reinstate",
            act=act,
            warning=_("Holds of others stay: billing's, or the vendor's."),
        )

    @admin.action(description=_("Reset hardware"), permissions=["act"])
    def reset_hardware(
        self, request: HttpRequest, queryset: "QuerySet[License]"
    ) -> HttpResponse | None:
        def act(license: License, told: dict[str, Any]) -> None:
            licenses.reset_hardware(
                license=license, actor=staff_actor(request), now=clock.now(), **told
            )

        return act_on_each(
            self,
            request,
            queryset,
            title=_("Reset hardware"),
            action="reset_hardware",
            act=act,
            warning=_("The EAs of the license have to activate again."),
        )

    @admin.action(description=_("Change plan"), permissions=["act"])
    def change_plan(
        self, request: HttpRequest, queryset: "QuerySet[License]"
    ) -> HttpResponse | None:
        def act(license: License, told: dict[str, Any]) -> None:
            terms.change_plan(
                license=license,
                license_type=LicenseType(told["license_type"]),
                max_accounts=told["max_accounts"],
                reason=told["reason"],
                actor=staff_actor(request),
                now=clock.now(),
            )

        return act_on_each(
            self,
            request,
            queryset,
            title=_("Change plan"),
            action="change_plan",
            act=act,
            form_class=ChangePlanForm,
        )

    @admin.action(description=_("Transfer"), permissions=["act"])
    def transfer(
        self, request: HttpRequest, queryset: "QuerySet[License]"
    ) -> HttpResponse | None:
        def act(license: License, told: dict[str, Any]) -> None:
            licenses.transfer(
                license=license, actor=staff_actor(request), now=clock.now(), **told
            )

        return act_on_each(
            self,
            request,
            queryset,
            title=_("Transfer"),
            action="transfer",
            act=act,
            form_class=TransferForm,
            warning=_(
                "The license moves with its bots and trades, and gets a new key."
            ),
        )

    @admin.action(description=_("Revoke"), permissions=["act"])
    def revoke(
        self, request: HttpRequest, queryset: "QuerySet[License]"
    ) -> HttpResponse | None:
        def act(license: License, told: dict[str, Any]) -> None:
            reselling.revoke_with_credit(
                license=license, actor=staff_actor(request), now=clock.now(), **told
            )

        return act_on_each(
            self,
            request,
            queryset,
            title=_("Revoke"),
            action="revoke",
            act=act,
            warning=_(
                "This is final. What was never activated and is at most seven days"
                " old is credited to its reseller."
            ),
        )


def _source(request: HttpRequest) -> HoldSource:
    return HoldSource.ADMIN if is_staff_member(request) else HoldSource.RESELLER
