"""ON DELETE lives in the database."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete


class Migration(migrations.Migration):
    dependencies = [("notifications", "0014_error_series")]

    operations = [DatabaseOnDelete("error_series", "bot_instance_id")]
