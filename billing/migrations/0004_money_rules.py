"""ON DELETE in the database; invoices stay, and forget who bought."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete, run_sql_files


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_money"), ("accounts", "0008_auth_event_rules")]

    operations = [
        DatabaseOnDelete("subscriptions", "license_id", "SET NULL"),
        DatabaseOnDelete("renewals", "subscription_id"),
        run_sql_files(__file__, "0004_money_rules"),
    ]
