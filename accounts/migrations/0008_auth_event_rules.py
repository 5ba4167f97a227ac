"""Events stay as they were written, but forget whom nobody may remember."""

from django.db import migrations

from smarttrader.lib.migration_operations import run_sql_files


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_auth_events")]

    operations = [run_sql_files(__file__, "0008_auth_event_rules")]
