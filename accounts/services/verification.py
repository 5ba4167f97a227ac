"""Verifying an address by a mailed code, where no browser session remembers it.

Nobody learns from an answer whether an address has an account, or is verified.
"""

from datetime import datetime, timedelta
from urllib.parse import urljoin

from allauth.account.adapter import get_adapter
from allauth.core.internal.cryptokit import normalize_user_code
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts import queries
from accounts.models import AuthEventType, EmailCode, User
from accounts.services import emails, events
from accounts.services.users import EmailInvalid
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError
from smarttrader.lib.ids import uuid7

GOOD_FOR = timedelta(minutes=15)  # the mails say so
MOST_TRIES = 3


class CodeInvalid(DomainError):
    code = "CODE_INVALID"
    title = _("The code is wrong, too old or was used already: ask for a new one")
    kind = "invalid"
    field = "code"


def new_code(*, user: User, now: datetime) -> str:
    """Return a code for a user's address; an earlier one is good no more."""
    code: str = get_adapter().generate_email_verification_code()
    EmailCode.objects.update_or_create(
        user=user,
        defaults={
            "digest": _digest(user, code),
            "tries": 0,
            "expires_at": now + GOOD_FOR,
        },
    )
    return code


def send_code(*, email: str, now: datetime) -> None:
    """Mail a new code to who waits to be verified, and others what else is to say.

    One mail is written either way. Needs a request, as allauth's mails do. Raises
    EmailInvalid.
    """
    try:
        email = get_adapter().clean_email(email)
    except ValidationError as error:
        raise EmailInvalid(f"{email!r} is not an e-mail address") from error
    user = queries.user_by_email(email)
    with transaction.atomic():
        if user is None or not user.is_active:
            sign_up = urljoin(settings.SITE_URL, reverse("account_signup"))
            get_adapter().send_mail(
                "account/email/unknown_account", email, {"signup_url": sign_up}
            )
        elif user.email_verified:
            get_adapter().send_account_already_exists_mail(email)
        else:
            get_adapter().send_mail(
                "account/email/email_confirmation",
                email,
                {"code": new_code(user=user, now=now)},
            )


def verify(*, email: str, code: str, actor: Actor, now: datetime) -> None:
    """Believe who knows the code that was mailed to an address that it is theirs.

    Raises CodeInvalid, whatever is wrong with address or code.
    """
    user = queries.user_by_email(email)
    is_counted = _count_try(user, now)
    if user is None or not user.is_active or not is_counted:
        raise CodeInvalid
    with transaction.atomic():
        # The row is the right to use the code: of two calls one deletes it.
        right = EmailCode.objects.filter(user=user, digest=_digest(user, code))
        if not right.delete()[0]:
            raise CodeInvalid
        emails.set_address(user=user, is_verified=True)
        events.record_event(
            type=AuthEventType.EMAIL_VERIFIED, actor=actor, user=user, now=now
        )


def delete_expired_codes(*, now: datetime) -> int:
    """Delete the codes that are good no more; count them."""
    deleted, _ = EmailCode.objects.filter(expires_at__lte=now).delete()
    return deleted


def _count_try(user: User | None, now: datetime) -> bool:
    # The UPDATE counts tries that race each other one by one. Nobody's costs as much.
    good = EmailCode.objects.filter(
        pk=user.pk if user else uuid7(), tries__lt=MOST_TRIES, expires_at__gt=now
    )
    return good.update(tries=F("tries") + 1) == 1


def _digest(user: User, code: str) -> str:
    text = f"{user.pk}:{user.email}:{normalize_user_code(code)}"
    return salted_hmac("accounts.EmailCode", text, algorithm="sha256").hexdigest()
