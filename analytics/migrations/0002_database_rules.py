"""ON DELETE, and the triggers that mark the hours of changed trades dirty."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete, run_sql_files


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0001_initial"),
        ("trading", "0002_database_rules"),
    ]

    operations = [
        DatabaseOnDelete("performance_metrics", "bot_instance_id"),
        DatabaseOnDelete("rollup_dirty", "bot_instance_id"),
        DatabaseOnDelete("statement_checks", "statement_import_id"),
        run_sql_files(__file__, "0002_database_rules"),
    ]
