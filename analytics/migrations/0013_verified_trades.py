"""How many closed trades of a bot are in statements whose every figure is ours."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0012_hours_of_the_week"),
        ("bots", "0010_audit_pages"),
    ]

    operations = [
        migrations.CreateModel(
            name="VerifiedTrades",
            fields=[
                (
                    "bot_instance",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="verified_trades",
                        serialize=False,
                        to="bots.botinstance",
                    ),
                ),
                ("trades", models.PositiveIntegerField()),
                ("verified_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "verified trades",
                "db_table": "verified_trades",
            },
        ),
    ]
