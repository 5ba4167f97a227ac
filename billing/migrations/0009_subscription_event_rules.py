"""Events of subscriptions are only ever added to."""

from django.db import migrations

from smarttrader.lib.migration_operations import run_sql_files


class Migration(migrations.Migration):
    dependencies = [("billing", "0008_subscription_events")]

    operations = [run_sql_files(__file__, "0009_subscription_event_rules")]
