"""Customers of resellers: who is one, and how one is invited."""

import uuid
from datetime import datetime
from urllib.parse import urljoin

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import AuthEventType, Role, User, normalize_email
from accounts.services import events, users
from smarttrader.lib.actors import Actor
from smarttrader.lib.errors import DomainError


class ResellerSuspended(DomainError):
    code = "RESELLER_SUSPENDED"
    title = _("The reseller is suspended, or no reseller any more")
    kind = "refused"


class NotACustomer(DomainError):
    code = "NOT_A_CUSTOMER"
    title = _("This address has an account that is not looked after by this reseller")
    kind = "conflict"
    field = "email"


class CustomerDisabled(DomainError):
    code = "CUSTOMER_DISABLED"
    title = _("This account is disabled: its bots would be refused")
    kind = "conflict"
    field = "email"


def locked_reseller(pk: uuid.UUID) -> User:
    """Return a reseller under their row lock, the first that anything takes.

    Rows may be inserted that refer to them. Raises ResellerSuspended.
    """
    locking = User.objects.select_for_update(no_key=True)
    found = locking.filter(pk=pk, role=Role.RESELLER, is_active=True).first()
    if found is None:
        raise ResellerSuspended
    return found


def invite_customer(
    *,
    reseller: User,
    email: str,
    actor: Actor,
    now: datetime,
    first_name: str = "",
    last_name: str = "",
) -> User:
    """Create a reseller's customer, who is mailed how to choose a password.

    Locks the reseller. Raises ResellerSuspended, EmailInvalid, EmailTaken and
    NameInvalid. Needs a request, as allauth's mails do.
    """
    with transaction.atomic():
        locked = locked_reseller(reseller.pk)
        customer = users.create_user(
            email=email,
            first_name=first_name,
            last_name=last_name,
            reseller=locked,
            is_verified=False,
        )
        events.record_event(
            type=AuthEventType.REGISTERED, actor=actor, user=customer, now=now
        )
        get_adapter().send_mail(
            "account/email/invited",
            customer.email,
            {
                "reseller": locked.get_full_name(),
                "password_url": urljoin(
                    settings.SITE_URL, reverse("account_reset_password")
                ),
            },
        )
        return customer


def customer_by_email(
    *,
    reseller: User,
    email: str,
    actor: Actor,
    now: datetime,
    first_name: str = "",
    last_name: str = "",
) -> User:
    """Return the reseller's customer of an address, who is invited if they are new.

    Wants a transaction of the caller's. Locks the reseller, then the customer. Raises
    NotACustomer for anybody else's address, CustomerDisabled, and what
    `invite_customer` raises.
    """
    locking = User.objects.select_for_update(no_key=True)
    known = locking.filter(email=normalize_email(email)).first()
    if known is not None and known.reseller_id != reseller.pk:
        raise NotACustomer
    if known is not None and not known.is_active:
        raise CustomerDisabled
    return known or invite_customer(
        reseller=reseller,
        email=email,
        first_name=first_name,
        last_name=last_name,
        actor=actor,
        now=now,
    )
