"""What a role allows in the back office; what they see of it is `visible_to`."""

from collections.abc import Callable
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.backends import BaseBackend

from accounts.models import Role, User

# Changing a license is what its actions do: no form edits one.
RESELLERS_MAY = frozenset(
    {
        "accounts.view_user",
        "accounts.add_user",
        "accounts.change_user",
        "licensing.view_license",
        "licensing.change_license",
        "licensing.view_licenseevent",
        "licensing.view_licensehold",
        "licensing.view_allotment",
        "licensing.view_allotmententry",
        "bots.view_botinstance",
        "bots.view_botsettings",
        "bots.view_settingschange",
        "bots.view_botcommand",
        "bots.view_guardbreach",
        "bots.view_botlog",
        "billing.view_subscription",
        "billing.mark_paid_subscription",
        "billing.view_invoice",
        "billing.view_creditnote",
        "billing.view_subscriptionevent",
        "trading.view_trade",
        "trading.view_tradehistory",
        "trading.view_statementimport",
        "analytics.view_performancemetric",
        "analytics.view_statementcheck",
        "notifications.view_notification",
    }
)


class StaffPermissions(AuthenticationBackend):  # type: ignore[misc]
    """allauth's backend, whose groups and permissions count for the staff alone."""

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return self._of_staff(super().get_user_permissions, user_obj, obj)

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return self._of_staff(super().get_group_permissions, user_obj, obj)

    def _of_staff(
        self, granted: Callable[[Any, Any], set[str]], user: Any, obj: Any
    ) -> set[str]:
        is_staff = isinstance(user, User) and user.role == Role.ADMIN
        return granted(user, obj) if is_staff else set()


class ResellerPermissions(BaseBackend):
    """Resellers have theirs by their role: no group to forget, none to be left in."""

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        is_reseller = (
            isinstance(user_obj, User)
            and user_obj.is_active
            and user_obj.role == Role.RESELLER
            and obj is None
        )
        return set(RESELLERS_MAY) if is_reseller else set()

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Tell whether the back office has anything of this app for them."""
        granted = self.get_user_permissions(user_obj)
        return any(name.startswith(f"{app_label}.") for name in granted)
