"""ON DELETE of what tells that a curve's past has changed."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0010_curve_versions"),
    ]

    operations = [
        DatabaseOnDelete("curve_versions", "bot_instance_id"),
    ]
