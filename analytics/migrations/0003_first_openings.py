"""Marks and metrics keep when the earliest of their trades opened.

So a roll-up reads the partitions in which they lie, and not each.
"""

from django.db import migrations, models

from smarttrader.lib.migration_operations import run_sql_files


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0002_database_rules"),
    ]

    operations = [
        migrations.AddField(
            model_name="performancemetric",
            name="first_opened_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="rollupdirty",
            name="opened_from",
            field=models.DateTimeField(
                help_text="No trade that it tells of opened before; empty: any may have.",
                null=True,
            ),
        ),
        run_sql_files(__file__, "0003_first_openings"),
    ]
