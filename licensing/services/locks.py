"""A license's row, and the lock under which it changes."""

import uuid
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from licensing.models import License, LicenseStatus
from licensing.standing import current_standing
from smarttrader.lib.errors import DomainError


class LicenseRevoked(DomainError):
    code = "LICENSE_REVOKED"
    title = _("The license was revoked, which is final")
    kind = "conflict"


class LicenseGone(DomainError):
    code = "LICENSE_NOT_FOUND"
    title = _("The license was deleted")
    kind = "missing"


def locked_license(pk: uuid.UUID) -> License:
    """Return a license as it is under its row lock, with its standing.

    Whoever changes a license holds this lock before that of any bot. It lets rows be
    inserted that refer to the license: an import may take minutes. Raises LicenseGone.
    """
    locking = License.objects.select_for_update(no_key=True).filter(pk=pk)
    if locking.values_list("pk").first() is None:
        raise LicenseGone
    # In a statement of its own: the one that waited for the lock sees holds and owner
    # as they were before it waited.
    return License.objects.with_standing().get(pk=pk)


def locked_unrevoked_license(pk: uuid.UUID) -> License:
    """Return the locked license. Raises LicenseRevoked and LicenseGone."""
    license = locked_license(pk)
    if license.status == LicenseStatus.REVOKED:
        raise LicenseRevoked
    return license


def write_status(pk: uuid.UUID, *, now: datetime) -> LicenseStatus:
    """Bring the column `status` up to what it is derived from; return the status.

    That it expired is left to the job, which also tells of it, once for each end. The
    caller holds the license's lock.
    """
    license = License.objects.with_standing().get(pk=pk)
    status = current_standing(license, now).license_status
    is_told = license.expired_of == license.expires_at
    written = status
    if status == LicenseStatus.EXPIRED and not is_told:
        written = LicenseStatus.ACTIVE
    update_license(license, now=now, status=written)
    return status


def update_license(
    license: License,
    *,
    now: datetime,
    **values: Any,
) -> None:
    """Write columns of a license that the caller holds the lock of."""
    for name, value in values.items():
        setattr(license, name, value)
    License.objects.filter(pk=license.pk).update(**values, updated_at=now)
