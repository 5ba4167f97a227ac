"""A user's address, in step with allauth's list of addresses."""

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.models import User


def know_address(*, user: User) -> None:
    """Tell allauth of the address of a user who was not created by its forms."""
    EmailAddress.objects.get_or_create(user=user, email=user.email)


def take_over_verification(*, address: EmailAddress) -> None:
    """Believe of a new row what is known of the user it is written for.

    Else allauth would ask for a code though somebody vouched for the address.
    """
    user = address.user
    if address.verified or not user.email_verified or address.email != user.email:
        return
    address.verified = address.primary = True
    EmailAddress.objects.filter(pk=address.pk).update(verified=True, primary=True)


def follow_address(*, user: User) -> None:
    """Give `email_verified` what allauth knows of the user's address, if anything."""
    addresses = EmailAddress.objects.filter(user=user, email=user.email)
    verified = addresses.values_list("verified", flat=True).first()
    if verified is not None and verified != user.email_verified:
        user.email_verified = verified
        User.objects.filter(pk=user.pk).update(email_verified=verified)


def set_address(*, user: User, is_verified: bool) -> None:
    """Make the user's address the only one that allauth knows of them."""
    with transaction.atomic():
        EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
        EmailAddress.objects.update_or_create(
            user=user,
            email=user.email,
            defaults={"primary": True, "verified": is_verified},
        )
        follow_address(user=user)
