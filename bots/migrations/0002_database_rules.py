"""ON DELETE lives in the database; a user's bots go before the licenses."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete, run_sql_files


class Migration(migrations.Migration):
    dependencies = [
        ("bots", "0001_initial"),
        ("licensing", "0002_database_rules"),
    ]

    operations = [
        DatabaseOnDelete("bot_instances", "user_id"),
        DatabaseOnDelete("bot_instances", "license_id", "RESTRICT"),
        DatabaseOnDelete("bot_settings", "bot_instance_id"),
        DatabaseOnDelete("bot_logs", "bot_instance_id"),
        run_sql_files(__file__, "0002_database_rules"),
    ]
