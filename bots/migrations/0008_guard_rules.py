"""Breaches and peaks go with their bot."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete


class Migration(migrations.Migration):
    dependencies = [("bots", "0007_risk_guard")]

    operations = [
        DatabaseOnDelete("guard_breaches", "bot_instance_id"),
        DatabaseOnDelete("guard_breaches", "pause_id"),
        DatabaseOnDelete("guard_peaks", "bot_instance_id"),
    ]
