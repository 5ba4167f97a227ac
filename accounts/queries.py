"""Reads of users."""

from accounts.models import User, normalize_email


def user_by_email(email: str) -> User | None:
    """Return the user of an address, in whichever case it is written."""
    return User.objects.filter(email=normalize_email(email)).first()
