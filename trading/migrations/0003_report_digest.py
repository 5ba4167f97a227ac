from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0002_database_rules"),
    ]

    operations = [
        migrations.AddField(
            model_name="tradeticket",
            name="report_digest",
            field=models.BinaryField(blank=True, max_length=16, null=True),
        ),
    ]
