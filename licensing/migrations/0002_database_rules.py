"""ON DELETE lives in the database."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0001_initial"),
        ("accounts", "0002_database_rules"),
    ]

    operations = [
        DatabaseOnDelete("licenses", "user_id"),
    ]
