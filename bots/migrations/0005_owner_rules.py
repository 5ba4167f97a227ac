"""Commands and changes go with their bot; a bot has the owner of its license."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete, run_sql_files


class Migration(migrations.Migration):
    dependencies = [
        ("bots", "0004_commands_and_settings"),
        ("licensing", "0005_life_rules"),
    ]

    operations = [
        DatabaseOnDelete("bot_commands", "bot_instance_id"),
        DatabaseOnDelete("bot_settings_changes", "bot_instance_id"),
        run_sql_files(__file__, "0005_owner_rules"),
    ]
