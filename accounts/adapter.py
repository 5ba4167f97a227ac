"""Where allauth asks us: who calls, what an address is, how mail leaves."""

import re
from typing import Any
from urllib.parse import urljoin, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context as request_context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.ratelimit import respond_429
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import attempts, limits, signals
from accounts.actors import acting
from accounts.models import EMAIL_PATTERN, Language, User, normalize_email
from accounts.services import emails, second_factors, sessions
from smarttrader.lib import clock
from smarttrader.lib.client_address import recorded_address
from smarttrader.lib.rate_limits import Usage

# Somebody sits before a form and waits for these.
URGENT_MAILS = {
    "account/email/email_confirmation",
    "account/email/email_confirmation_signup",
    "account/email/password_reset_key",
    "account/email/account_already_exists",
    "account/email/unknown_account",
    "account/email/registered",
}
LINKS = ("signup_url", "password_reset_url")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that sign-ins are counted by and sessions remember."""
        address = recorded_address(request)
        if not address:
            raise PermissionDenied("The client has no address")
        return address

    def clean_email(self, email: str) -> str:
        """Return the one spelling that is stored. Raises ValidationError."""
        email = normalize_email(email)
        # Mail servers know ASCII; among other letters there are twins of it.
        if not email.isascii() or not re.fullmatch(EMAIL_PATTERN, email):
            raise ValidationError(_("Enter a valid email address."), code="invalid")
        return email

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse who tries too often, before a password is hashed."""
        _refuse_if_exceeded(
            request, attempts.count_sign_in_from(self.get_client_ip(request))
        )
        _refuse_if_exceeded(
            request, attempts.count_sign_in(credentials.get("email", ""))
        )

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Return whose password it is; an inactive user's is as good as wrong."""
        user: User | None = super().authenticate(request, **credentials)
        if user is None or not user.is_active:
            return None
        attempts.forgive_account(credentials.get("email", ""))
        return user

    def pre_login(
        self, request: HttpRequest, user: User, **kwargs: Any
    ) -> HttpResponse | None:
        emails.know_address(user=user)
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def new_user(self, request: HttpRequest) -> User:
        """Return a user who speaks what the page speaks on which they sign up."""
        user: User = super().new_user(request)
        user.language = translation.get_language() or Language.ENGLISH
        return user

    def get_email_verification_redirect_url(
        self,
        email_address: EmailAddress,  # noqa: ARG002
    ) -> str:
        """Return where a new address is shown to who has changed theirs."""
        if self.request.user.is_authenticated:
            return reverse("account_email")
        return reverse("account_login")

    def send_mail(
        self, template_prefix: str, email: str, context: dict[str, Any]
    ) -> None:
        """Announce a mail: it is written to the outbox, with whatever causes it."""
        with translation.override(_language_of(context)):
            message = self.render_mail(
                template_prefix, email, _mail_context(email, context)
            )
        signals.mail_wanted.send(
            sender=AccountAdapter,
            recipient=email,
            subject=message.subject,
            text=message.body,
            html=_html_of(message),
            is_urgent=template_prefix in URGENT_MAILS,
            now=clock.now(),
        )


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    def end_sessions(self, sessions_to_end: list[UserSession]) -> None:
        """End browser sessions, each with a record of it."""
        request = request_context.request
        for session in sessions_to_end:
            sessions.end_browser_session(
                session=session, actor=acting(session.user, request), now=clock.now()
            )


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Return False for the staff, where a second factor is their duty."""
        is_duty = settings.STAFF_TOTP_REQUIRED and authenticator.user.is_staff
        return not is_duty

    def encrypt(self, text: str) -> str:
        return second_factors.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return second_factors.open_sealed(encrypted_text)


def _refuse_if_exceeded(request: HttpRequest, usage: Usage) -> None:
    if usage.is_exceeded:
        limits.note_seconds_left(request, usage.seconds_left)
        raise ImmediateHttpResponse(respond_429(request))


def _language_of(context: dict[str, Any]) -> str:
    """Return what the reader of a mail speaks; of a stranger, what the page speaks."""
    user: User | None = context.get("user")
    spoken = translation.get_language() or Language.ENGLISH
    return user.language if user else spoken


def _mail_context(email: str, context: dict[str, Any]) -> dict[str, Any]:
    """Return a mail's context, in which nothing comes from the Host header."""
    links = {name: _on_our_site(context[name]) for name in LINKS if name in context}
    return {
        "request": request_context.request,
        "email": email,
        "current_site": {"name": "Smart Stock Trader", "url": settings.SITE_URL},
        "settings_url": urljoin(settings.SITE_URL, reverse("settings")),
        **context,
        **links,
    }


def _on_our_site(url: str) -> str:
    return str(urljoin(settings.SITE_URL, urlsplit(url).path))


def _html_of(message: EmailMultiAlternatives) -> str:
    return next((str(body) for body, kind in message.alternatives), "")
