"""What billing announces, each within the transaction of its cause."""

from django.dispatch import Signal

# All carry `subscription` and `now`.
subscription_started = Signal()  # and `payment`
subscription_renewed = Signal()  # and `payment`
subscription_upgraded = Signal()  # and `payment`
downgrade_scheduled = Signal()
subscription_downgraded = Signal()
cycle_change_scheduled = Signal()
change_undone = Signal()  # what was scheduled
cycle_changed = Signal()  # and `payment`: None where it was scheduled
payment_failed = Signal()  # the first time since the last payment
payment_overdue = Signal()  # and `day`: 1, 3 or 7 days past due, each once
subscription_suspended = Signal()  # the days of grace are over
subscription_expired = Signal()
subscription_cancelled = Signal()
cancellation_undone = Signal()
payment_refunded = Signal()  # and `payment`; in full or in part
payment_disputed = Signal()  # and `payment`; opened, won or lost
