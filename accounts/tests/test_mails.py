"""What the account pages and the user API mail: in our words, and as plain text."""

from datetime import UTC, datetime
from typing import Any

import pytest
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.template.loader import get_template

pytestmark = pytest.mark.django_db

MARKUP = "<img src=x>"
# What allauth mails where sign-in is by password, with codes by mail and by phone.
BY_ALLAUTH = [
    f"account/email/{name}"
    for name in (
        "account_already_exists",
        "email_changed",
        "email_confirm",
        "email_confirmation",
        "email_deleted",
        "password_changed",
        "password_reset",
        "password_reset_key",
        "password_set",
        "unknown_account",
    )
] + [
    f"mfa/email/{name}"
    for name in ("recovery_codes_generated", "totp_activated", "totp_deactivated")
]
BY_US = ["account/email/invited", "account/email/registered"]
FILLED_IN = dict.fromkeys(
    [
        "code",
        "deleted_email",
        "email",
        "from_email",
        "ip",
        "password_reset_url",
        "password_url",
        "reseller",
        "settings_url",
        "sign_in_url",
        "signup_url",
        "to_email",
        "user_agent",
    ],
    MARKUP,
)


def mail_of(prefix):
    moment = datetime(2026, 11, 29, 12, tzinfo=UTC)
    context = {
        **FILLED_IN,
        "timestamp": moment,
        "current_site": {"name": MARKUP, "url": MARKUP},
    }
    return get_adapter().render_mail(prefix, "alice@example.com", context)


@pytest.mark.parametrize("prefix", BY_ALLAUTH)
def test_each_mail_is_in_our_words(prefix):
    for ending in ("subject", "message"):
        template: Any = get_template(f"{prefix}_{ending}.txt")
        assert template.origin.name.startswith(str(settings.BASE_DIR / "templates"))


@pytest.mark.parametrize("prefix", [*BY_ALLAUTH, *BY_US])
def test_a_mail_is_plain_text_in_which_markup_is_nothing_special(prefix):
    message = mail_of(prefix)

    assert (message.content_subtype, message.alternatives) == ("plain", [])
    assert MARKUP in message.body
    assert "&lt;" not in message.body
    assert message.subject
    assert "<" not in message.subject
    assert "\n" not in message.subject


def test_a_change_of_the_account_tells_where_it_came_from():
    body = mail_of("account/email/password_changed").body

    assert "The password of your account was changed." in body
    assert "Unknown device, <img src=x>\n    29 Nov 2026 12:00 UTC" in body
