"""What accounts announces."""

from django.dispatch import Signal

# Somebody is to get an e-mail, in the transaction of its cause. Arguments: recipient,
# subject, text, html (may be empty), is_urgent, now.
mail_wanted = Signal()
# A user signed in from an address that none of their earlier sign-ins came from, in the
# transaction of its event. Arguments: user, event (AuthEvent), now.
new_sign_in = Signal()
