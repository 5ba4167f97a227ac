"""What analytics announces, each within the transaction of its cause."""

from django.dispatch import Signal

# A statement was stored. Arguments: user, record (StatementImport), mismatches, now.
statement_imported = Signal()
