"""ON DELETE of the count of a bot's verified trades."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0013_verified_trades"),
    ]

    operations = [
        DatabaseOnDelete("verified_trades", "bot_instance_id"),
    ]
