"""Credit notes stay as their invoices do, and forget who bought."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete, run_sql_files


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_change_of_cycle")]

    operations = [
        DatabaseOnDelete("credit_notes", "invoice_id", "RESTRICT"),
        run_sql_files(__file__, "0006_credit_note_rules"),
    ]
