"""What tells that the past of a bot's curve has changed."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0009_equity_rules"),
        ("bots", "0006_activated_as"),
    ]

    operations = [
        migrations.CreateModel(
            name="CurveVersion",
            fields=[
                (
                    "bot_instance",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="curve_version",
                        serialize=False,
                        to="bots.botinstance",
                    ),
                ),
                ("version", models.UUIDField()),
            ],
            options={
                "db_table": "curve_versions",
            },
        ),
    ]
