"""`manage.py issue_license`: the key alone on stdout, or nothing at all."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from licensing import queries
from licensing.keys import canonical_key
from licensing.models import License, LicenseStatus, LicenseType, Plan
from licensing.services.issuing import TermInvalid, issue_license

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_key_alone_is_printed(alice: User):
    printed = _issue(plan="PRO")

    key = printed.removesuffix("\n")
    assert len(key) == 30
    assert canonical_key(key) == key.replace("-", "")
    assert queries.license_by_key(key) == License.objects.get()


def test_license_takes_after_its_plan(alice: User):
    plan = Plan.objects.get(pk=LicenseType.PRO)
    before = datetime.now(UTC)

    _issue(plan="PRO")

    issued = License.objects.get()
    assert issued.user == alice
    assert (issued.license_type, issued.max_accounts) == ("PRO", plan.max_accounts)
    assert (issued.status, issued.activation_count) == (LicenseStatus.ACTIVE, 0)
    assert issued.expires_at
    assert issued.issued_at >= before
    assert issued.expires_at - issued.issued_at == timedelta(days=plan.term_days)


@pytest.mark.parametrize("plan", LicenseType.values)
def test_every_plan_can_be_issued_in_either_case(plan: str, alice: User):
    _issue(plan=plan.lower())

    assert License.objects.get().license_type == plan


def test_options_win_over_the_plan(alice: User):
    _issue("--max-accounts=7", "--days=10", plan="BASIC")

    issued = License.objects.get()
    assert issued.max_accounts == 7
    assert issued.expires_at
    assert issued.expires_at - issued.issued_at == timedelta(days=10)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2099-01-02T03:04:05Z", datetime(2099, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2099-01-02T03:04:05+02:00", datetime(2099, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2099-01-02T03:04", datetime(2099, 1, 2, 3, 4, tzinfo=UTC)),
        ("2099-01-02", datetime(2099, 1, 2, tzinfo=UTC)),
        ("2020-01-01T00:00:00Z", datetime(2020, 1, 1, tzinfo=UTC)),
    ],
)
def test_end_is_taken_as_given(text: str, moment: datetime, alice: User):
    _issue(f"--expires-at={text}", plan="PRO")

    assert License.objects.get().expires_at == moment


def test_lifetime_license_has_no_end(alice: User):
    _issue("--lifetime", plan="PRO")

    assert License.objects.get().expires_at is None


def test_address_is_found_in_any_case(alice: User):
    printed = _issue(email=" ALICE@Example.COM", plan="PRO")

    assert queries.license_by_key(printed) == License.objects.get(user=alice)


def test_unknown_address_ends_with_two_and_creates_nothing(alice: User):
    error = _refusal(email="nobody@example.com", plan="PRO")

    assert str(error).startswith("USER_NOT_FOUND:")
    assert error.returncode == 2
    assert not License.objects.exists()
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ("--days=0", "TERM_INVALID"),
        ("--days=-1", "TERM_INVALID"),
        ("--days=99999999999", "TERM_INVALID"),
        ("--max-accounts=0", "MAX_ACCOUNTS_INVALID"),
        ("--max-accounts=-3", "MAX_ACCOUNTS_INVALID"),
        ("--max-accounts=3000000000", "MAX_ACCOUNTS_INVALID"),
    ],
)
def test_impossible_terms_are_refused(option: str, code: str, alice: User):
    error = _refusal(option, plan="PRO")

    assert str(error).startswith(f"{code}:")
    assert error.returncode == 2
    assert not License.objects.exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--plan=GOLD",),
        ("--plan=PRO", "--days=3", "--lifetime"),
        ("--plan=PRO", "--expires-at=soon"),
        ("--plan=PRO", "--expires-at=2099-13-01"),
        ("--plan=PRO", "--max-accounts=many"),
        (),
    ],
)
def test_options_that_make_no_sense_are_refused(options: tuple[str, ...], alice: User):
    with pytest.raises(CommandError):
        call_command("issue_license", "--email=alice@example.com", *options)

    assert not License.objects.exists()


def test_no_key_is_in_the_database_in_plain(alice: User):
    symbols = canonical_key(_issue(plan="PRO"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(licenses)::text FROM licenses")
        (row,) = cursor.fetchone()

    readable = row.upper().replace("-", "")
    assert symbols not in readable
    # The seal holds no part of it either; the last two symbols alone are kept to show.
    assert not any(symbols[n : n + 6] in readable for n in range(len(symbols) - 5))
    issued = License.objects.get()
    assert issued.key_tail == symbols[-2:]
    assert str(issued) == f"SST-*****-*****-*****-*****-{symbols[-2:]}"


def test_newest_license_is_the_one_that_was_issued_last(alice: User, charlie: User):
    issued = [
        issue_license(
            user=user, license_type=LicenseType.PRO, now=NOW + timedelta(days=day)
        ).license
        for day, user in ((1, alice), (3, alice), (2, alice), (4, charlie))
    ]

    assert queries.newest_license(alice) == issued[1]


def test_an_end_in_the_past_has_to_be_meant(alice: User):
    with pytest.raises(TermInvalid):
        issue_license(user=alice, license_type=LicenseType.PRO, expires_at=NOW, now=NOW)


def test_a_typing_error_in_a_time_is_told_in_a_line(alice: User):
    with pytest.raises(CommandError, match="'tomorrow' is not an ISO 8601 time"):
        _issue("--expires-at=tomorrow", plan="PRO")


def _issue(*options: str, email: str = "alice@example.com", plan: str) -> str:
    out = StringIO()
    call_command(
        "issue_license", f"--email={email}", f"--plan={plan}", *options, stdout=out
    )
    return out.getvalue()


def _refusal(
    *options: Any, email: str = "alice@example.com", plan: str
) -> CommandError:
    out = StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command(
            "issue_license", f"--email={email}", f"--plan={plan}", *options, stdout=out
        )
    assert out.getvalue() == ""
    return refusal.value
