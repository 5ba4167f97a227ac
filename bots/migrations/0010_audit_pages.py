"""Changes of settings are read a page at a time, in their order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bots", "0009_silent_bots"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="settingschange",
            index=models.Index(
                fields=["actor_type", "at", "id"], name="settings_changes_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="settingschange",
            index=models.Index(
                fields=["bot_instance", "at", "id"], name="settings_changes_of_bot"
            ),
        ),
    ]
