"""Registering by the API, which tells nobody who has an account."""

from datetime import datetime
from urllib.parse import urljoin

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.urls import reverse

from accounts.models import AuthEventType, normalize_email
from accounts.services import events, users, verification
from smarttrader.lib.actors import Actor


def register(
    *,
    email: str,
    password: str,
    first_name: str,
    last_name: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Create a user whose address is not verified, and mail them the code for it.

    Who has an account is mailed that they do; one password is hashed either way. Needs
    a request, as allauth's mails do. Raises EmailInvalid.
    """
    try:
        with transaction.atomic():
            user = users.create_user(
                email=email,
                password=password,
                first_name=first_name,
                last_name=last_name,
                is_verified=False,
            )
            events.record_event(
                type=AuthEventType.REGISTERED, actor=actor, user=user, now=now
            )
            get_adapter().send_mail(
                "account/email/registered",
                user.email,
                {
                    "code": verification.new_code(user=user, now=now),
                    "sign_in_url": urljoin(settings.SITE_URL, reverse("account_login")),
                },
            )
    except users.EmailTaken:
        make_password(password)
        get_adapter().send_account_already_exists_mail(normalize_email(email))
