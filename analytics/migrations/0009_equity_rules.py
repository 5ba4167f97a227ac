"""ON DELETE of equity by the hour, whose rows change sixty times in their hour."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0008_equity_hours"),
    ]

    operations = [
        DatabaseOnDelete("equity_hours", "bot_instance_id"),
        # Room for the next state of a row beside it, so that its index stays as it is.
        migrations.RunSQL(
            "ALTER TABLE equity_hours SET (fillfactor = 70)",
            "ALTER TABLE equity_hours RESET (fillfactor)",
        ),
    ]
