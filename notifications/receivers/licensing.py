"""What becomes of licenses."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from licensing.models import License
from licensing.signals import (
    license_expired,
    license_expiring_soon,
    license_reinstated,
    license_revoked,
    license_suspended,
)
from notifications.models import Event
from notifications.services.telling import Words, tell
from notifications.services.wording import day_of


@receiver(license_expiring_soon)
def tell_expiring_soon(license: License, now: datetime, **_kwargs: Any) -> None:
    _tell_of_license(
        license,
        now,
        Event.LICENSE_EXPIRING,
        _("A license ends soon"),
        _("{license} ends on {date}."),
    )


@receiver(license_expired)
def tell_expired(license: License, now: datetime, **_kwargs: Any) -> None:
    _tell_of_license(
        license,
        now,
        Event.LICENSE_EXPIRED,
        _("A license has expired"),
        _("{license}: bots manage what is open, and open nothing new."),
    )


@receiver(license_suspended)
def tell_suspended(license: License, now: datetime, **_kwargs: Any) -> None:
    _tell_of_license(
        license,
        now,
        Event.LICENSE_SUSPENDED,
        _("A license is suspended"),
        _("{license}: bots manage what is open, and open nothing new."),
    )


@receiver(license_reinstated)
def tell_reinstated(license: License, now: datetime, **_kwargs: Any) -> None:
    _tell_of_license(
        license,
        now,
        Event.LICENSE_REINSTATED,
        _("A license works again"),
        _("{license} is reinstated."),
    )


@receiver(license_revoked)
def tell_revoked(license: License, now: datetime, **_kwargs: Any) -> None:
    _tell_of_license(
        license,
        now,
        Event.LICENSE_REVOKED,
        _("A license was revoked"),
        _("{license} is no longer good."),
    )


def _tell_of_license(
    license: License, now: datetime, event: Event, title: Words, message: Words
) -> None:
    tell(
        user=license.user,
        event=event,
        title=title,
        message=format_lazy(
            message,
            license=license.masked_key,
            date=day_of(license.expires_at) if license.expires_at else "",
        ),
        now=now,
        metadata={"license_id": str(license.pk)},
    )
