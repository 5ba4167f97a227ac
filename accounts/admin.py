"""The back office's view of people."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.models import AuthEvent, User
from accounts.services import passwords, users
from smarttrader.lib import clock
from smarttrader.lib.admin import ReadOnlyAdmin, staff_actor

# Groups come with the staff's roles; second factors' secrets and sessions are nobody's
# to look at.
admin.site.unregister([Group, Authenticator, UserSession])


class NewUserForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "role")


class UserForm(UserChangeForm[User]):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(StockUserAdmin[User]):
    form = UserForm
    add_form = NewUserForm
    list_display = ("email", "get_full_name", "role", "is_active", "last_login")
    list_filter = ("role", "is_active", "email_verified")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    # The stock script of filter_horizontal is not accessible.
    filter_horizontal = ()
    raw_id_fields = ("reseller",)
    readonly_fields = ("last_login", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "time_zone", "reseller")}),
        (
            "Access",
            {
                "fields": (
                    "role",
                    "is_active",
                    "email_verified",
                    "is_superuser",
                    "groups",
                )
            },
        ),
        ("Times", {"fields": ("last_login", "created_at", "updated_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "email",
                    "first_name",
                    "last_name",
                    "role",
                    "usable_password",
                    "password1",
                    "password2",
                )
            },
        ),
    )

    def save_model(
        self,
        request: HttpRequest,
        obj: User,
        form: Any,
        change: bool,  # noqa: FBT001
    ) -> None:
        before = User.objects.get(pk=obj.pk) if change else None
        users.save_user(
            user=obj, before=before, actor=staff_actor(request), now=clock.now()
        )

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 -- the stock page's name
        form_url: str = "",
    ) -> HttpResponse:
        before = self.get_object(request, unquote(id))
        with transaction.atomic():
            response = super().user_change_password(request, id, form_url)
            if before is not None:
                passwords.note_change(
                    before=before, actor=staff_actor(request), now=clock.now()
                )
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
            self.delete_model(request, user)

    def get_deleted_objects(self, objs, request):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Name the users; what goes with them is counted by nobody."""
        names = [str(user) for user in objs]
        allowed = self.has_delete_permission(request)
        needed = set() if allowed else {self.opts.verbose_name}
        return names, {self.opts.verbose_name_plural: len(names)}, needed, []


@admin.register(AuthEvent)
class AuthEventAdmin(ReadOnlyAdmin[AuthEvent]):
    list_display = ("at", "type", "email", "ip", "actor_type", "user_agent")
    list_filter = ("type", "actor_type")
    search_fields = ("email", "user_id", "actor_id", "request_id")
    ordering = ("-at", "-id")
