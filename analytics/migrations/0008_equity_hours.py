"""Equity over time: what was told of it, by the hour."""

from datetime import timedelta

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import smarttrader.lib.money


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0007_track_record_rules"),
        ("bots", "0006_activated_as"),
    ]

    operations = [
        migrations.CreateModel(
            name="EquityHour",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "bot_instance_id",
                        "hour_start",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("hour_start", models.DateTimeField()),
                (
                    "open",
                    smarttrader.lib.money.TotalField(
                        decimal_places=2,
                        help_text="Equity as it was told first.",
                        max_digits=15,
                    ),
                ),
                (
                    "high",
                    smarttrader.lib.money.TotalField(decimal_places=2, max_digits=15),
                ),
                (
                    "low",
                    smarttrader.lib.money.TotalField(decimal_places=2, max_digits=15),
                ),
                (
                    "close",
                    smarttrader.lib.money.TotalField(
                        decimal_places=2,
                        help_text="Equity as it was told last.",
                        max_digits=15,
                    ),
                ),
                (
                    "balance",
                    smarttrader.lib.money.TotalField(
                        decimal_places=2,
                        help_text="As it was told last.",
                        max_digits=15,
                    ),
                ),
                ("told_at", models.DateTimeField(help_text="When it was told last.")),
                (
                    "bot_instance",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="equity_hours",
                        to="bots.botinstance",
                    ),
                ),
            ],
            options={
                "db_table": "equity_hours",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("low__lte", models.F("open")),
                            ("low__lte", models.F("close")),
                            ("high__gte", models.F("open")),
                            ("high__gte", models.F("close")),
                        ),
                        name="equity_hours_range_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("told_at__gte", models.F("hour_start")),
                            (
                                "told_at__lt",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("hour_start"),
                                    "+",
                                    models.Value(timedelta(seconds=3600)),
                                ),
                            ),
                        ),
                        name="equity_hours_told_within",
                    ),
                ],
            },
        ),
    ]
