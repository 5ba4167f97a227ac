"""ON DELETE lives in the database."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0011_digests"),
    ]

    operations = [
        DatabaseOnDelete("digest_choices", "user_id"),
        DatabaseOnDelete("digests", "user_id"),
    ]
