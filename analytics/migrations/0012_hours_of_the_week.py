"""What the planner knows of the hours that breakdowns add up."""

from django.db import migrations

from smarttrader.lib.migration_operations import run_sql_files


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0011_curve_version_rules"),
    ]

    operations = [
        run_sql_files(__file__, "0012_hours_of_the_week"),
    ]
