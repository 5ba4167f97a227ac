"""The staff's roles: groups that each migration brings up to what stands here."""

from django.contrib.auth.models import Group, Permission
from django.db import transaction

SUPPORT, FINANCE, ADMIN = "Support", "Finance", "Admin"
STAFF_GROUPS = (SUPPORT, FINANCE, ADMIN)

ACTIONS_OF_SUPPORT = {
    "licensing.add_license",
    "licensing.change_license",
    "bots.change_botinstance",
    "notifications.change_delivery",
}
ALLOTMENTS = {"licensing.add_allotment", "licensing.change_allotment"}
READ_BY_FINANCE = {"accounts", "licensing", "billing"}


def grant_permissions(app_label: str) -> None:
    """Give each group what it may do in an app, and take what it no longer may."""
    known = Permission.objects.filter(content_type__app_label=app_label)
    permissions = list(known.select_related("content_type"))
    with transaction.atomic():
        for name in STAFF_GROUPS:
            group, _ = Group.objects.get_or_create(name=name)
            given = [each for each in permissions if _may(name, app_label, each)]
            group.permissions.remove(*permissions)
            group.permissions.add(*given)


def _may(group: str, app_label: str, permission: Permission) -> bool:
    named = f"{app_label}.{permission.codename}"
    is_view = permission.codename.startswith("view_")
    if group == SUPPORT:
        return is_view or named in ACTIONS_OF_SUPPORT
    if group == FINANCE:
        reads = is_view and app_label in READ_BY_FINANCE
        return reads or app_label == "billing" or named in ALLOTMENTS
    return True
