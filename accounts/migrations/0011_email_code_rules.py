"""A user's code goes with the user."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_email_codes")]

    operations = [DatabaseOnDelete("email_codes", "user_id")]
