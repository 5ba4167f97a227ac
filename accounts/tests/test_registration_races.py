"""Two who register one address at once."""

from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import User
from accounts.tests.factories import PASSWORD
from accounts.tests.mails import mails_wanted
from accounts.tests.threads import all_at_once

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("one_window"),
]


def register(email: str) -> int:
    response = Client().post(
        "/api/v1/auth/register",
        {"email": email, "password": PASSWORD},
        content_type="application/json",
    )
    return response.status_code


def test_one_of_them_gets_the_account_and_both_are_told_the_same():
    spellings = ["ada@example.com", "ADA@example.com", "ada@EXAMPLE.com"]

    with mails_wanted() as mails:
        told = all_at_once([partial(register, email) for email in spellings])

    assert told == [202, 202, 202]
    assert User.objects.get().email == "ada@example.com"
    assert EmailAddress.objects.get().user == User.objects.get()
    assert [mail["recipient"] for mail in mails] == ["ada@example.com"] * 3
