"""ON DELETE lives in the database."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete


class Migration(migrations.Migration):
    dependencies = [("notifications", "0006_channels")]

    operations = [
        DatabaseOnDelete("notification_preferences", "user_id"),
        DatabaseOnDelete("telegram_chats", "user_id"),
        DatabaseOnDelete("telegram_codes", "user_id"),
        DatabaseOnDelete("webhook_endpoints", "user_id"),
        DatabaseOnDelete("deliveries", "user_id"),
        DatabaseOnDelete("deliveries", "endpoint_id"),
    ]
