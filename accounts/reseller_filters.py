"""Filters of lists by whom people are looked after."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from smarttrader.lib.admin import is_staff_member


class ResellerFilter(admin.SimpleListFilter):
    """Keeps, for staff, what belongs to the customers of a reseller."""

    title = _("reseller")
    parameter_name = "reseller"
    customer = ""  # the path to the customer; empty in the list of users

    def lookups(self, request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        if not is_staff_member(request):
            return []  # they see but their own
        sellers = User.objects.filter(role=Role.RESELLER).order_by("email")
        return [(str(pk), email) for pk, email in sellers.values_list("pk", "email")]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[Any]"
    ) -> "QuerySet[Any]":
        chosen = self.value()
        if chosen is None or not is_staff_member(request):
            return queryset
        try:
            return queryset.filter(**{f"{self.customer}reseller": chosen})
        except (ValidationError, ValueError) as error:
            raise BadRequest(self.parameter_name) from error


class CustomersResellerFilter(ResellerFilter):
    """The same of a table whose rows have a `user`."""

    customer = "user__"
