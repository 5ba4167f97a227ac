"""What accounts announces."""

from django.dispatch import Signal

# Somebody is to get an e-mail, in the transaction of its cause. Arguments: recipient,
# subject, text, html (may be empty), is_urgent, now.
mail_wanted = Signal()
