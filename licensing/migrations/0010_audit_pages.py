"""Events and ledger are read a page at a time, in their order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0009_staff_orders"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="licenseevent",
            name="license_events_owner",
        ),
        migrations.RemoveIndex(
            model_name="licenseevent",
            name="license_events_actor",
        ),
        migrations.AlterField(
            model_name="allotmententry",
            name="license_type",
            field=models.CharField(
                choices=[
                    ("TRIAL", "Trial"),
                    ("BASIC", "Basic"),
                    ("PRO", "Pro"),
                    ("ENTERPRISE", "Enterprise"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="allotmententry",
            index=models.Index(
                fields=["kind", "license_type", "cycle", "at", "id"],
                name="allotment_entries_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="allotmententry",
            index=models.Index(
                fields=["actor_id", "at"], name="allotment_entries_of_actor"
            ),
        ),
        migrations.AddIndex(
            model_name="licenseevent",
            index=models.Index(
                fields=["type", "actor_type", "at", "id"], name="license_events_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="licenseevent",
            index=models.Index(
                fields=["owner_id", "at", "id"], name="license_events_of_owner"
            ),
        ),
        migrations.AddIndex(
            model_name="licenseevent",
            index=models.Index(
                fields=["actor_id", "at"], name="license_events_of_actor"
            ),
        ),
        migrations.AddIndex(
            model_name="licenseevent",
            index=models.Index(
                condition=models.Q(("request_id", ""), _negated=True),
                fields=["request_id"],
                name="license_events_of_request",
            ),
        ),
        migrations.AddConstraint(
            model_name="allotmententry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("license_type__in", ["TRIAL", "BASIC", "PRO", "ENTERPRISE"])
                ),
                name="allotment_entries_license_type_valid",
            ),
        ),
    ]
