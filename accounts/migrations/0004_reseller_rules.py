"""A reseller's customers stay when the reseller goes."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_reseller")]

    operations = [DatabaseOnDelete("users", "reseller_id", "SET NULL")]
