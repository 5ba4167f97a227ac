"""Volumes, and what a bot's day amounts to by symbol, direction and strategy."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0003_first_openings"),
        ("bots", "0005_owner_rules"),
    ]

    operations = [
        migrations.AddField(
            model_name="performancemetric",
            name="volume",
            field=models.DecimalField(
                db_default=0, decimal_places=2, help_text="Lots.", max_digits=20
            ),
        ),
        migrations.CreateModel(
            name="DailyBreakdown",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "bot_instance_id",
                        "closed_on",
                        "symbol",
                        "trade_type",
                        "strategy",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("closed_on", models.DateField()),
                ("symbol", models.CharField(max_length=20)),
                (
                    "trade_type",
                    models.CharField(
                        choices=[("BUY", "Buy"), ("SELL", "Sell")], max_length=20
                    ),
                ),
                (
                    "strategy",
                    models.CharField(
                        help_text="Empty when none was told.", max_length=50
                    ),
                ),
                ("total_trades", models.IntegerField()),
                ("winning_trades", models.IntegerField()),
                ("losing_trades", models.IntegerField()),
                ("gross_profit", models.DecimalField(decimal_places=2, max_digits=38)),
                ("gross_loss", models.DecimalField(decimal_places=2, max_digits=38)),
                (
                    "volume",
                    models.DecimalField(
                        decimal_places=2, help_text="Lots.", max_digits=38
                    ),
                ),
                (
                    "bot_instance",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="daily_breakdowns",
                        to="bots.botinstance",
                    ),
                ),
            ],
            options={
                "db_table": "daily_breakdowns",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("trade_type__in", ["BUY", "SELL"])),
                        name="daily_breakdowns_trade_type_valid",
                    )
                ],
            },
        ),
    ]
