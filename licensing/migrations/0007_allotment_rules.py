"""Allotments go with their reseller; the ledger stays as it was written."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete, run_sql_files


class Migration(migrations.Migration):
    dependencies = [("licensing", "0006_allotments")]

    operations = [
        DatabaseOnDelete("allotments", "reseller_id"),
        DatabaseOnDelete("allotments", "plan_id", "RESTRICT"),
        run_sql_files(__file__, "0007_allotment_rules"),
    ]
