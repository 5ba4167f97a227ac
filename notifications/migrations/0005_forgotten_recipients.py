"""Deliveries forget whom nobody may remember."""

import django.db.models.functions.text
from django.db import migrations, models

from smarttrader.lib.migration_operations import run_sql_files


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0004_inbox_indexes"),
        ("accounts", "0008_auth_event_rules"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                django.db.models.functions.text.Lower("recipient"),
                name="deliveries_of_recipient",
            ),
        ),
        run_sql_files(__file__, "0005_forgotten_recipients"),
    ]
