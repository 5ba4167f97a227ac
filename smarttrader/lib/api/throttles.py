"""Limits of the user API, counted by smarttrader/lib/rate_limits.py."""

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from smarttrader.lib import clock
from smarttrader.lib.client_address import address_bucket, client_address
from smarttrader.lib.rate_limits import Limit, Usage, count_call

if TYPE_CHECKING:  # DRF's views import the throttles that settings name
    from rest_framework.views import APIView

REMAINING = "X-RateLimit-Remaining"


class LimitThrottle(BaseThrottle):
    """Counts a call of `who_calls()` towards `limit_of()`; its reply tells the rest.

    Of a view's limits the one that will bite first is told. A call by a method that the
    view does not know does nothing, so it costs nothing of a limit of this view alone.
    """

    usage: Usage
    is_of_one_view = True

    def limit_of(self) -> Limit:
        raise NotImplementedError

    def who_calls(self, request: Request) -> str:
        raise NotImplementedError

    def allow_request(self, request: Request, view: "APIView") -> bool:
        if self.is_of_one_view and not _is_answered(request, view):
            return True
        self.usage = count_call(self.limit_of(), self.who_calls(request))
        told = view.headers.get(REMAINING)
        if told is None or self.usage.remaining < int(told):
            view.headers.update(self.usage.headers(clock.now()))
        return not self.usage.is_exceeded

    def wait(self) -> float:
        return self.usage.seconds_left


class UserThrottle(LimitThrottle):
    """All calls of one user together, or of one address where nobody signed in.

    DRF asks after authentication, so nobody can use up another user's limit.
    """

    is_of_one_view = False

    def limit_of(self) -> Limit:
        return Limit("api.user", settings.API_CALLS_PER_USER)

    def who_calls(self, request: Request) -> str:
        if request.user and request.user.is_authenticated:
            return str(request.user.pk)
        return caller_bucket(request)


def _is_answered(request: Request, view: "APIView") -> bool:
    # OPTIONS is in DRF's list, though it is answered 405: there is no metadata class.
    return request.method != "OPTIONS" and request.method in view.allowed_methods


def caller_bucket(request: Request) -> str:
    """Return what limits know the caller's address as."""
    return address_bucket(client_address(request._request))  # noqa: SLF001
