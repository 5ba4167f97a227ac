"""The log of the back office is read a page at a time, too."""

from django.db import migrations

from smarttrader.lib.migration_operations import run_sql_files


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_audit_pages"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [run_sql_files(__file__, "0015_admin_log_pages")]
