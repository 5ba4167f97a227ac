"""ON DELETE of public track records."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0006_public_track_records"),
    ]

    operations = [
        DatabaseOnDelete("public_track_records", "bot_instance_id"),
    ]
