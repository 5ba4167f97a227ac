"""The four plans, as a start; staff edit them."""

from django.db import migrations

# license_type, max_accounts, grace_days, term_days
PLANS = [
    ("TRIAL", 1, 0, 14),
    ("BASIC", 1, 3, 30),
    ("PRO", 3, 7, 30),
    ("ENTERPRISE", 10, 14, 30),
]


def seed_plans(apps, schema_editor):
    Plan = apps.get_model("licensing", "Plan")
    for license_type, max_accounts, grace_days, term_days in PLANS:
        Plan.objects.get_or_create(
            license_type=license_type,
            defaults={
                "max_accounts": max_accounts,
                "grace_days": grace_days,
                "term_days": term_days,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("licensing", "0002_database_rules")]

    operations = [migrations.RunPython(seed_plans, migrations.RunPython.noop)]
