"""The audit is read a page at a time, in its order, by kind or by person."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0013_language_rule"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="authevent",
            name="auth_events_of_email",
        ),
        migrations.RemoveIndex(
            model_name="authevent",
            name="auth_events_of_actor",
        ),
        migrations.AddIndex(
            model_name="authevent",
            index=models.Index(
                fields=["type", "actor_type", "at", "id"], name="auth_events_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="authevent",
            index=models.Index(fields=["email", "at"], name="auth_events_of_email"),
        ),
        migrations.AddIndex(
            model_name="authevent",
            index=models.Index(fields=["actor_id", "at"], name="auth_events_of_actor"),
        ),
        migrations.AddIndex(
            model_name="authevent",
            index=models.Index(
                condition=models.Q(("request_id", ""), _negated=True),
                fields=["request_id"],
                name="auth_events_of_request",
            ),
        ),
    ]
