"""Superuser status, groups and permissions are the staff's, and go with the role."""

from django.db import migrations, models

from smarttrader.lib.migration_operations import run_sql_files


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_admin_log_pages"),
    ]

    operations = [
        run_sql_files(__file__, "0016_staff_rights"),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(is_superuser=False) | models.Q(role="admin"),
                name="users_superusers_are_staff",
                violation_error_message="Only an admin is a superuser.",
            ),
        ),
    ]
