"""Events of subscriptions are read a page at a time, in their order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0009_subscription_event_rules"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="subscriptionevent",
            name="subscription_events_of_user",
        ),
        migrations.AddIndex(
            model_name="subscriptionevent",
            index=models.Index(
                fields=["type", "actor_type", "at", "id"],
                name="subscription_events_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="subscriptionevent",
            index=models.Index(
                fields=["user_id", "at", "id"], name="subscription_events_of_user"
            ),
        ),
        migrations.AddIndex(
            model_name="subscriptionevent",
            index=models.Index(
                fields=["actor_id", "at"], name="subscription_events_by_actor"
            ),
        ),
    ]
