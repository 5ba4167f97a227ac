"""The staff get nowhere without their second factor."""

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

# What enrolment itself needs: the form, the password again, the way out.
OPEN_PAGES = (
    "mfa_activate_totp",
    "account_reauthenticate",
    "account_logout",
)
# Enrolment wants a verified address, and sends who has none to the first of these.
VERIFYING_PAGES = (
    "mfa_index",
    "account_email",
    "account_email_verification_sent",
)


class StaffSecondFactor:
    """Lead the staff to enrolment before anything else, where it is their duty.

    It is the innermost middleware, so that a redirect of it leads a part that htmx asks
    for the whole way, as any other does.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not _is_to_enrol(request):
            return self.get_response(request)
        messages.info(
            request,
            _("Your role needs a second factor: set up your authenticator app."),
        )
        return redirect("mfa_activate_totp")


def _is_to_enrol(request: HttpRequest) -> bool:
    # Without a session there is nobody, and the user's row need not be asked for.
    if not settings.STAFF_TOTP_REQUIRED:
        return False
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    user = request.user
    if not (user.is_authenticated and user.is_staff):
        return False
    open_pages = OPEN_PAGES if user.email_verified else OPEN_PAGES + VERIFYING_PAGES
    if request.path_info in map(reverse, open_pages):
        return False
    return not is_mfa_enabled(user, [Authenticator.Type.TOTP])
