"""How often an address may try to get in; accounts/attempts.py counts by account."""

from django.conf import settings
from rest_framework.request import Request

from smarttrader.lib.api.throttles import LimitThrottle, caller_bucket
from smarttrader.lib.rate_limits import Limit


class SignInThrottle(LimitThrottle):
    """Sign-ins of one address."""

    def limit_of(self) -> Limit:
        return Limit("sign_in.ip", settings.SIGN_INS_PER_IP)

    def who_calls(self, request: Request) -> str:
        return caller_bucket(request)


class RegistrationThrottle(SignInThrottle):
    """Registrations of one address, and its calls for codes: both send mails."""

    def limit_of(self) -> Limit:
        return Limit("register.ip", settings.SIGN_INS_PER_IP)


class VerificationThrottle(SignInThrottle):
    """Tries of mailed codes of one address."""

    def limit_of(self) -> Limit:
        return Limit("verify.ip", settings.SIGN_INS_PER_IP)
