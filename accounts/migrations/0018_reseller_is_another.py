"""Nobody is their own reseller; that an address is taken is said once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0017_audited_changes_of_people"),
    ]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="email",
            field=models.EmailField(
                error_messages={
                    "unique": "A user with this e-mail address exists already"
                },
                max_length=255,
            ),
        ),
        migrations.RunSQL(
            "UPDATE users SET reseller_id = NULL WHERE reseller_id = id",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("reseller", models.F("id")), _negated=True),
                name="users_reseller_is_another",
                violation_error_message="Nobody is their own reseller.",
            ),
        ),
    ]
