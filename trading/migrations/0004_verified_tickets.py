from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0003_report_digest"),
    ]

    operations = [
        migrations.AddField(
            model_name="tradeticket",
            name="verified_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When a statement whose every figure is ours first had it.",
                null=True,
            ),
        ),
    ]
