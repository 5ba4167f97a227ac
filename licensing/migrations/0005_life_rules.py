"""Holds go with their license; its events stay as they were written; prices of plans."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete, run_sql_files

# license_type, monthly_price, yearly_price, lifetime_price, features
PRICES = [
    ("TRIAL", None, None, None, ["Demo accounts", "14 days"]),
    ("BASIC", "29.00", "290.00", "690.00", ["1 account"]),
    ("PRO", "59.00", "590.00", "1390.00", ["3 accounts", "Live and demo"]),
    ("ENTERPRISE", "149.00", "1490.00", None, ["10 accounts", "Priority support"]),
]


def price_plans(apps, schema_editor):
    Plan = apps.get_model("licensing", "Plan")
    for license_type, monthly, yearly, lifetime, features in PRICES:
        Plan.objects.filter(license_type=license_type).update(
            monthly_price=monthly,
            yearly_price=yearly,
            lifetime_price=lifetime,
            features=features,
        )


class Migration(migrations.Migration):
    dependencies = [("licensing", "0004_license_life")]

    operations = [
        DatabaseOnDelete("license_holds", "license_id"),
        run_sql_files(__file__, "0005_life_rules"),
        migrations.RunPython(price_plans, migrations.RunPython.noop),
    ]
