"""People: edited by staff, invited and renamed by resellers."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from accounts.actors import signed_in
from accounts.admin.forms import (
    FIELDS_OF_CUSTOMER,
    FIELDS_OF_NEW_USER,
    FIELDS_OF_STAFF,
    NOT_A_RESELLER_S,
    InvitationForm,
    NewUserForm,
    PasswordForm,
    UserForm,
)
from accounts.models import Role, User, normalize_email
from accounts.reseller_filters import ResellerFilter
from accounts.services import customers, passwords, users
from smarttrader.lib import clock
from smarttrader.lib.admin import (
    MOST_HITS,
    ScopedAdmin,
    is_staff_member,
    staff_actor,
)
from smarttrader.lib.attention import Figure, list_of
from smarttrader.lib.errors import DomainError

# Groups come with the staff's roles; second factors' secrets and sessions are nobody's
# to look at; an address is verified at its user, where the audit learns of it.
admin.site.unregister([Group, Authenticator, EmailAddress, UserSession])


@admin.register(User)
class UserAdmin(ScopedAdmin[User], StockUserAdmin[User]):
    """Staff edit users; resellers invite customers, and edit what these are called."""

    form = UserForm
    add_form = NewUserForm
    change_password_form = PasswordForm
    change_user_password_template = "admin/asking_page.html"  # noqa: S105 -- a template
    add_form_template = "admin/accounts/user/add_form.html"
    list_display = ("email", "full_name", "role", "is_active", "last_login")
    list_filter = ("role", "is_active", "email_verified", "created_at", ResellerFilter)
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    # The stock script of filter_horizontal is not accessible.
    filter_horizontal = ()
    raw_id_fields = ("reseller",)
    readonly_fields = ("last_login", "created_at", "updated_at")
    fieldsets = FIELDS_OF_STAFF
    add_fieldsets = FIELDS_OF_NEW_USER

    @admin.display(description=_("name"))
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    def get_queryset(self, request: HttpRequest) -> "QuerySet[User]":
        rows = super().get_queryset(request)
        is_staff = is_staff_member(request)
        return rows if is_staff else rows.filter(reseller=signed_in(request))

    def get_list_display(self, request: HttpRequest) -> Any:
        """Leave out what is the same of each of a reseller's customers."""
        shown = super().get_list_display(request)
        is_staff = is_staff_member(request)
        return shown if is_staff else [each for each in shown if each != "role"]

    def get_list_filter(self, request: HttpRequest) -> Any:
        offered = super().get_list_filter(request)
        is_staff = is_staff_member(request)
        return offered if is_staff else [each for each in offered if each != "role"]

    def figures(self, request: HttpRequest, now: datetime) -> list[Figure]:
        people = self.get_queryset(request).filter(role=Role.USER)
        if not is_staff_member(request):
            return [Figure(_("Your customers"), people.count(), list_of(self))]
        today = {"created_at__gte": clock.start_of_day(now)}
        signed_up = people.filter(**today).count()
        address = list_of(self, role__exact=Role.USER, **today)
        return [Figure(_("Sign-ups today"), signed_up, address)]

    def hits(self, request: HttpRequest, text: str) -> "QuerySet[User]":
        """Return who has this address, or one that begins so."""
        named = normalize_email(text)
        return self.get_queryset(request).filter(email__startswith=named)[:MOST_HITS]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if is_staff_member(request):
            sets = super().get_fieldsets(request, obj)
            may_edit = obj is None or self.has_change_permission(request, obj)
            # Who may only look is not shown the hash of a password.
            return sets if may_edit else ((None, {"fields": ("email",)}), *sets[1:])
        shown = FIELDS_OF_CUSTOMER if obj else InvitationForm.Meta.fields
        return ((None, {"fields": shown}),)

    def get_form(
        self,
        request: HttpRequest,
        obj: User | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 -- the stock hook
        **kwargs: Any,
    ) -> Any:
        if is_staff_member(request):
            return super().get_form(request, obj, change=change, **kwargs)
        form = ModelForm if obj else InvitationForm
        return super().get_form(request, obj, change=change, form=form, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        readonly = super().get_readonly_fields(request, obj)
        if not is_staff_member(request):
            return (*readonly, *NOT_A_RESELLER_S) if obj else readonly
        is_superuser = request.user.is_superuser
        return readonly if is_superuser else (*readonly, "is_superuser", "groups")

    def has_change_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        """Refuse staff who would make themselves, or become, a superuser."""
        is_above = obj is not None and obj.is_superuser
        if is_above and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: User | None = None
    ) -> bool:
        return super().has_delete_permission(
            request, obj
        ) and self.has_change_permission(request, obj)

    def save_model(
        self,
        request: HttpRequest,
        obj: User,
        form: Any,
        change: bool,  # noqa: FBT001
    ) -> None:
        if not change and not is_staff_member(request):
            invited = customers.invite_customer(
                reseller=signed_in(request),
                email=obj.email,
                first_name=obj.first_name,
                last_name=obj.last_name,
                actor=staff_actor(request),
                now=clock.now(),
            )
            obj.pk = invited.pk
            return
        before = User.objects.get(pk=obj.pk) if change else None
        users.save_user(
            user=obj,
            before=before,
            groups=form.cleaned_data.get("groups"),
            actor=staff_actor(request),
            now=clock.now(),
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = {"is_of_customers": not is_staff_member(request)}
        return super().changelist_view(request, {**shown, **(extra_context or {})})

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        invitation = {"title": _("Invite a customer"), "is_invitation": True}
        shown = {} if is_staff_member(request) else invitation
        try:
            return super().add_view(
                request, form_url, {**shown, **(extra_context or {})}
            )
        except DomainError as error:
            # Of two who add the same address at once, or a reseller suspended just now.
            messages.error(request, error.message)
            return redirect(request.path)

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 -- the stock page's name
        form_url: str = "",
    ) -> HttpResponse:
        before = self.get_object(request, unquote(id))
        if before is None or not is_staff_member(request):
            raise PermissionDenied
        if not self.has_change_permission(request, before):
            raise PermissionDenied
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            passwords.note_change(
                before=before, actor=staff_actor(request), now=clock.now()
            )
        if isinstance(response, TemplateResponse):
            response.context_data = {
                **(response.context_data or {}),
                "button": _("Set password"),
            }
        return response

    # Deleting goes through one statement in the database, which loads no row: the stock
    # page would collect a user's million trades to list them.
    def delete_model(self, request: HttpRequest, obj: User) -> None:
        users.delete_user(user=obj, actor=staff_actor(request), now=clock.now())

    def delete_queryset(
        self,
        request: HttpRequest,
        queryset: "QuerySet[User]",
    ) -> None:
        for user in queryset:
            if not self.has_delete_permission(request, user):
                raise PermissionDenied
            self.delete_model(request, user)

    def get_deleted_objects(self, objs, request):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Name the users, and count what hangs on them directly: trades on bots."""
        users = list(objs)
        allowed = all(self.has_delete_permission(request, user) for user in users)
        needed = set() if allowed else {self.opts.verbose_name}
        names = [str(user) for user in users]
        return names, dict(_counts_of_owned(users)), needed, []


def _counts_of_owned(owners: list[User]) -> Iterator[tuple[str, int]]:
    """Yield how many rows of each kind belong to users, if any do."""
    for relation in User._meta.related_objects:
        model: Any = relation.related_model
        name = relation.field.name
        if name == "user" and model._meta.managed:
            count = model._meta.base_manager.filter(user__in=owners).count()
            if count:
                yield str(model._meta.verbose_name_plural), count
