"""ON DELETE, one row per ticket, immutable keys, and trade_history's reference."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete, run_sql_files


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0001_initial"),
        ("bots", "0002_database_rules"),
    ]

    operations = [
        DatabaseOnDelete("trades", "bot_instance_id"),
        DatabaseOnDelete("trade_tickets", "bot_instance_id"),
        DatabaseOnDelete("statement_imports", "user_id"),
        DatabaseOnDelete("statement_imports", "bot_instance_id"),
        run_sql_files(__file__, "0002_database_rules"),
    ]
