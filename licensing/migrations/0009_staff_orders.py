import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0008_reseller"),
    ]

    operations = [
        migrations.CreateModel(
            name="StaffOrder",
            fields=[
                (
                    "id",
                    models.UUIDField(editable=False, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField()),
                ("actor_id", models.UUIDField(blank=True, null=True)),
                (
                    "license_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), db_default=[], size=None
                    ),
                ),
            ],
            options={
                "db_table": "staff_orders",
            },
        ),
    ]
