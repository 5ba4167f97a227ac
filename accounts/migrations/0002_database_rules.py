"""Third parties' rows about a user go with the user, in the database."""

from django.db import migrations

from smarttrader.lib.migration_operations import DatabaseOnDelete


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("usersessions", "0001_initial"),
    ]

    operations = [
        DatabaseOnDelete("users_groups", "user_id"),
        DatabaseOnDelete("users_groups", "group_id"),
        DatabaseOnDelete("users_user_permissions", "user_id"),
        DatabaseOnDelete("users_user_permissions", "permission_id"),
        DatabaseOnDelete("account_emailaddress", "user_id"),
        DatabaseOnDelete("account_emailconfirmation", "email_address_id"),
        DatabaseOnDelete("django_admin_log", "user_id"),
        DatabaseOnDelete("mfa_authenticator", "user_id"),
        DatabaseOnDelete("usersessions_usersession", "user_id"),
    ]
