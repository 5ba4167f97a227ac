"""POST auth/verify and auth/send-code: an address is verified without a browser."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client

from accounts.models import AuthEvent, EmailCode, User
from accounts.services import verification
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.mails import mails_wanted
from smarttrader.lib import clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_window")]
ADA = "ada@example.com"
TAKEN = (202, {"detail": "We have sent you a mail: it says how to go on."})
CODE = re.compile(r"^ +([A-Z]{4}-[A-Z]{4})$", re.MULTILINE)


@pytest.fixture
def mails() -> Iterator[list[dict[str, Any]]]:
    with mails_wanted() as wanted:
        yield wanted


def call(client: Client, name: str, **body: Any) -> tuple[int, Any]:
    response = client.post(
        f"/api/v1/auth/{name}", body, content_type="application/json"
    )
    return response.status_code, response.json() if response.content else None


def register(client: Client, email: str = ADA) -> None:
    assert call(client, "register", email=email, password=PASSWORD) == TAKEN


def code_in(mail: dict[str, Any]) -> str:
    found = CODE.search(mail["text"])
    assert found, mail["text"]
    return found[1]


def refusal(told: tuple[int, Any]) -> tuple[int, str, list[str]]:
    status, problem = told
    return status, problem["code"], list(problem["errors"])


WRONG = (400, "CODE_INVALID", ["code"])


def test_who_registers_verifies_by_the_mailed_code_and_gets_a_token(client, mails):
    register(client)
    before = call(client, "token", email=ADA, password=PASSWORD)

    told = call(client, "verify", email=ADA, code=code_in(mails[0]))
    after = call(client, "token", email=ADA, password=PASSWORD)

    user, address = User.objects.get(), EmailAddress.objects.get()
    assert (before[1]["code"], told, after[0]) == ("EMAIL_UNVERIFIED", (204, None), 200)
    assert (user.email_verified, address.verified, address.primary) == (True,) * 3
    assert "email_verified" in AuthEvent.objects.values_list("type", flat=True)
    assert not EmailCode.objects.exists()


@pytest.mark.parametrize("spell", [str.lower, lambda code: f" {code.replace('-', '')}"])
def test_a_code_is_forgiven_its_case_and_dash_an_address_its_spelling(
    client, mails, spell
):
    register(client)

    told = call(
        client, "verify", email=" ADA@EXAMPLE.COM", code=spell(code_in(mails[0]))
    )

    assert told == (204, None)


def test_a_new_code_ends_the_one_before(client, mails):
    register(client)

    assert call(client, "send-code", email="Ada@example.com") == TAKEN

    first, second = map(code_in, mails)
    assert refusal(call(client, "verify", email=ADA, code=first)) == WRONG
    assert call(client, "verify", email=ADA, code=second) == (204, None)


def test_a_code_is_good_once(client, mails):
    register(client)
    code = code_in(mails[0])
    call(client, "verify", email=ADA, code=code)
    User.objects.update(email_verified=False)

    assert refusal(call(client, "verify", email=ADA, code=code)) == WRONG


def test_a_code_is_dead_after_three_wrong_tries(client, mails):
    register(client)
    told = [
        refusal(call(client, "verify", email=ADA, code="BBBB-BBBB")) for _ in range(3)
    ]

    last = refusal(call(client, "verify", email=ADA, code=code_in(mails[0])))

    assert (told, last) == ([WRONG] * 3, WRONG)
    assert not User.objects.get().email_verified


def test_a_code_is_good_for_fifteen_minutes(client, mails):
    register(client)
    EmailCode.objects.update(expires_at=clock.now())

    assert refusal(call(client, "verify", email=ADA, code=code_in(mails[0]))) == WRONG
    assert verification.delete_expired_codes(now=clock.now()) == 1


def test_a_code_is_good_for_its_address_and_user_alone(client, mails):
    register(client)
    register(client, "eve@example.com")
    code = code_in(mails[0])

    of_another = refusal(call(client, "verify", email="eve@example.com", code=code))
    User.objects.filter(email=ADA).update(email="ada@example.org")
    of_a_new_address = refusal(
        call(client, "verify", email="ada@example.org", code=code)
    )

    assert (of_another, of_a_new_address) == (WRONG, WRONG)
    assert not User.objects.filter(email_verified=True).exists()


@pytest.mark.parametrize("who", ["verified", "unknown", "inactive", "unverified"])
def test_nobody_learns_who_has_an_account(client, mails, who):
    if who != "unknown":
        UserFactory.create(
            email=ADA, is_active=who != "inactive", email_verified=who == "verified"
        )

    asked = call(client, "send-code", email=ADA)
    tried = call(client, "verify", email=ADA, code="BBBB-BBBB")

    assert (asked, refusal(tried)) == (TAKEN, WRONG)
    assert [mail["recipient"] for mail in mails] == [ADA]
    assert bool(CODE.search(mails[0]["text"])) == (who == "unverified")


def test_an_inactive_user_is_not_verified(client, mails):
    register(client)
    User.objects.update(is_active=False)

    assert refusal(call(client, "verify", email=ADA, code=code_in(mails[0]))) == WRONG


@pytest.mark.parametrize(
    "email",
    [
        *("", "ada", "ada@localhost", "a b@example.com", 7),
        "\N{CYRILLIC SMALL LETTER A}da@example.com",
        "ada\N{ZERO WIDTH SPACE}@example.com",
    ],
)
def test_what_is_no_address_is_told(client, mails, email):
    status, problem = call(client, "send-code", email=email)

    assert (status, list(problem["errors"]), mails) == (400, ["email"], [])


@pytest.mark.parametrize("code", ["", "B" * 21, 7, None, ["BBBB-BBBB"]])
def test_what_is_no_code_is_told(client, code):
    status, problem = call(client, "verify", email=ADA, code=code)

    assert (status, list(problem["errors"])) == (400, ["code"])


def test_an_address_is_tried_five_times_in_five_minutes_and_mailed_as_often(
    client, mails, settings
):
    settings.SIGN_INS_PER_IP = 100

    tried = [call(client, "verify", email=ADA, code="B")[0] for _ in range(6)]
    asked = [call(client, "send-code", email=ADA)[0] for _ in range(6)]
    registered = call(client, "register", email=ADA, password=PASSWORD)[0]

    assert (tried, asked) == ([400] * 5 + [429], [202] * 5 + [429])
    assert (registered, len(mails)) == (429, 5)
    assert call(client, "verify", email="eve@example.com", code="B")[0] == 400


@pytest.mark.parametrize("name", ["verify", "send-code"])
def test_one_caller_is_counted_before_anything_is_read(client, name):
    told = [call(client, name)[0] for _ in range(11)]

    assert told == [400] * 10 + [429]


@pytest.mark.django_db(transaction=True)
def test_of_two_calls_with_one_code_one_verifies(mails):
    register(Client())
    barrier, code = Barrier(2), code_in(mails[0])

    def verify(_number: int) -> int:
        barrier.wait()
        try:
            return call(Client(), "verify", email=ADA, code=code)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(verify, range(2)))

    assert told == [204, 400]
    assert AuthEvent.objects.filter(type="email_verified").count() == 1
