"""Sessions and tokens end with what they rest on."""

from django.db import migrations

from smarttrader.lib.migration_operations import run_sql_files


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_session_version")]

    operations = [run_sql_files(__file__, "0006_session_rules")]
