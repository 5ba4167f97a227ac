"""Reactions to Django's own announcements."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.models import User


@receiver(post_save, sender=User)
def learn_session_version(instance: User, *, created: bool, **_kwargs: Any) -> None:
    """Read what the database's trigger made of the version.

    Else a user who changes their own password in a browser would be signed out: their
    session would remember the version of before.
    """
    if not created:
        instance.refresh_from_db(fields=["session_version"])
