"""What licensing announces, each within the transaction of its cause."""

from django.dispatch import Signal

# All carry `license` and `now`.
license_expiring_soon = Signal()
license_expired = Signal()
license_suspended = Signal()  # the first of its holds
license_reinstated = Signal()  # the last of its holds is gone
license_revoked = Signal()
