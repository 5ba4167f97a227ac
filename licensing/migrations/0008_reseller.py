from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_auth_event_rules"),
        ("licensing", "0007_allotment_rules"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reseller",
            fields=[],
            options={
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("accounts.user",),
        ),
    ]
