"""ON DELETE of breakdowns, and marks for changes of what they tell apart."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete, run_sql_files


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0004_breakdowns"),
    ]

    operations = [
        DatabaseOnDelete("daily_breakdowns", "bot_instance_id"),
        run_sql_files(__file__, "0005_breakdown_rules"),
    ]
