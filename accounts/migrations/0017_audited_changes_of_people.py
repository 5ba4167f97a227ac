"""Groups, resellers: their changes are events, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_staff_rights"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="authevent",
            name="auth_events_type_valid",
        ),
        migrations.AlterField(
            model_name="authevent",
            name="type",
            field=models.CharField(
                choices=[
                    ("registered", "Registered"),
                    ("email_verified", "E-mail verified"),
                    ("email_changed", "E-mail changed"),
                    ("signed_in", "Signed in"),
                    ("sign_in_failed", "Sign-in failed"),
                    ("signed_out", "Signed out"),
                    ("token_issued", "Token issued"),
                    ("token_refused", "Token refused"),
                    ("token_revoked", "Token revoked"),
                    ("sessions_ended", "Signed out everywhere"),
                    ("password_changed", "Password changed"),
                    ("totp_enabled", "Second factor set up"),
                    ("totp_disabled", "Second factor removed"),
                    ("role_changed", "Role changed"),
                    ("groups_changed", "Groups changed"),
                    ("reseller_changed", "Reseller changed"),
                    ("deactivated", "Deactivated"),
                    ("reactivated", "Reactivated"),
                    ("exported", "Data exported"),
                    ("deleted", "Deleted"),
                ],
                max_length=30,
            ),
        ),
        migrations.AddConstraint(
            model_name="authevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "type__in",
                        [
                            "registered",
                            "email_verified",
                            "email_changed",
                            "signed_in",
                            "sign_in_failed",
                            "signed_out",
                            "token_issued",
                            "token_refused",
                            "token_revoked",
                            "sessions_ended",
                            "password_changed",
                            "totp_enabled",
                            "totp_disabled",
                            "role_changed",
                            "groups_changed",
                            "reseller_changed",
                            "deactivated",
                            "reactivated",
                            "exported",
                            "deleted",
                        ],
                    )
                ),
                name="auth_events_type_valid",
            ),
        ),
    ]
