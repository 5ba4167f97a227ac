"""Where allauth asks us: who calls, behind the proxies that we trust."""

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from smarttrader.lib.client_address import recorded_address


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that sign-ins are counted by and sessions remember."""
        address = recorded_address(request)
        if not address:
            raise PermissionDenied("The client has no address")
        return address
