"""ON DELETE lives in the database."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete


class Migration(migrations.Migration):
    dependencies = [("notifications", "0008_bot_news")]

    operations = [DatabaseOnDelete("bot_news", "bot_instance_id")]
