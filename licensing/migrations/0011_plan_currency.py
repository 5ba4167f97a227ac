"""A plan's currency is a code, and what a form says of a plan is said in words."""

import django.core.validators
from django.db import migrations, models

import smarttrader.lib.money


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0010_audit_pages"),
    ]

    operations = [
        migrations.AlterField(
            model_name="plan",
            name="currency",
            field=models.CharField(
                db_default="USD",
                max_length=3,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[A-Z]{3}$",
                        "A currency is three capital letters, such as USD.",
                    )
                ],
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="lifetime_price",
            field=smarttrader.lib.money.AmountField(
                blank=True,
                decimal_places=2,
                help_text="Empty: not sold for ever.",
                max_digits=10,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="max_accounts",
            field=models.PositiveIntegerField(
                validators=[django.core.validators.MinValueValidator(1)]
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="monthly_price",
            field=smarttrader.lib.money.AmountField(
                blank=True,
                decimal_places=2,
                help_text="Empty: not sold by the month.",
                max_digits=10,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="yearly_price",
            field=smarttrader.lib.money.AmountField(
                blank=True,
                decimal_places=2,
                help_text="Empty: not sold by the year.",
                max_digits=10,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
            ),
        ),
        migrations.RunSQL(
            "UPDATE plans SET currency = upper(currency)", migrations.RunSQL.noop
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                name="plans_currency_valid",
                violation_error_message="A currency is three capital letters, such as USD.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="plan",
            name="plans_figures_valid",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("grace_days__lte", 365),
                    ("max_accounts__gt", 0),
                    ("term_days__range", (1, 36500)),
                ),
                name="plans_figures_valid",
                violation_error_message="Accounts or days are out of range.",
            ),
        ),
        migrations.AlterConstraint(
            model_name="plan",
            name="plans_prices_not_negative",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("monthly_price__lt", 0), _negated=True),
                    models.Q(("yearly_price__lt", 0), _negated=True),
                    models.Q(("lifetime_price__lt", 0), _negated=True),
                ),
                name="plans_prices_not_negative",
                violation_error_message="A price is not negative.",
            ),
        ),
    ]
