"""ON DELETE lives in the database."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0001_initial"),
        ("licensing", "0002_database_rules"),
    ]

    operations = [
        DatabaseOnDelete("subscriptions", "user_id"),
    ]
