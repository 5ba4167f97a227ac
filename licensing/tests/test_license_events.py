"""The audit of licenses: append-only, and a change shows."""

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from accounts.services import users as accounts
from licensing.models import HoldSource, License, LicenseEvent, LicenseType
from licensing.services import holds, secrets, transfers
from licensing.services.events import broken_chains
from licensing.services.issuing import issue_license
from smarttrader.lib.actors import Actor, ActorType

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ACTOR = Actor(ActorType.STAFF, ip="203.0.113.9", request_id="req1")


@pytest.fixture
def license(alice):
    issued = issue_license(
        user=alice, license_type=LicenseType.PRO, actor=ACTOR, now=NOW
    )
    for change in (holds.suspend_license, holds.reinstate_license):
        change(
            license=issued.license,
            source=HoldSource.ADMIN,
            reason="naïve ☃",
            actor=ACTOR,
            now=NOW,
        )
    return issued.license


def tamper(sql, *values):
    """Do what the trigger forbids, as who owns the table can."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE license_events DISABLE TRIGGER USER")
        cursor.execute(sql, values)
        cursor.execute("ALTER TABLE license_events ENABLE TRIGGER USER")


def problems():
    return [(chain.sequence, chain.problem) for chain in broken_chains()]


def test_events_follow_one_another(license):
    rows = list(LicenseEvent.objects.order_by("sequence"))

    assert [row.sequence for row in rows] == [1, 2, 3]
    assert [row.prev_hash for row in rows] == ["", rows[0].hash, rows[1].hash]
    assert problems() == []


def test_events_of_one_moment_are_listed_in_their_order(license):
    rows = LicenseEvent.objects.filter(at=NOW).order_by("-at", "-id")

    assert [row.sequence for row in rows] == [3, 2, 1]


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE license_events SET reason = 'x' WHERE sequence = 2", "was changed"),
        (
            "UPDATE license_events SET type = 'revoked' WHERE sequence = 2",
            "was changed",
        ),
        (
            "UPDATE license_events SET at = at + interval '1 us' WHERE sequence = 2",
            "was changed",
        ),
        (
            "UPDATE license_events SET after = '{}' WHERE sequence = 2",
            "was changed",
        ),
        (
            "UPDATE license_events SET actor_id = license_id WHERE sequence = 2",
            "was changed",
        ),
        ("DELETE FROM license_events WHERE sequence = 2", "is missing"),
        (
            "UPDATE license_events SET prev_hash = hash WHERE sequence = 2",
            "does not follow the one before",
        ),
    ],
)
def test_a_change_shows(license, sql, found):
    tamper(sql)

    assert problems() == [(2, found)]
    with pytest.raises(CommandError, match="1 chains are broken"):
        call_command("verify_license_events", stderr=StringIO())


@pytest.mark.parametrize("kept", [2, 0])
def test_an_end_that_was_cut_off_shows(license, kept):
    tamper("DELETE FROM license_events WHERE sequence > %s", kept)

    assert problems() == [(3, "is missing")]


def test_the_audit_is_not_emptied(license):
    with (
        pytest.raises(IntegrityError, match="neither changed nor deleted"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("TRUNCATE license_events")


def test_the_command_counts_what_holds(license):
    out = StringIO()

    call_command("verify_license_events", stdout=out)

    assert out.getvalue() == "3 events hold\n"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE license_events SET reason = 'x'",
        "UPDATE license_events SET ip = NULL, reason = 'x'",
        "UPDATE license_events SET ip = '203.0.113.1'",
        "DELETE FROM license_events",
    ],
)
def test_the_database_refuses_every_change(license, sql):
    with (
        pytest.raises(IntegrityError, match="neither changed nor deleted"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)

    assert problems() == []


def test_events_outlive_the_license_but_forget_the_address(license, alice):
    accounts.delete_user(user=alice, now=NOW)

    assert not License.objects.exists()
    assert LicenseEvent.objects.filter(license_id=license.pk, ip=None).count() == 3
    assert problems() == []


def test_who_is_deleted_is_forgotten_where_they_acted(license, alice, charlie):
    transfers.change_owner(license=license, to=charlie, actor=ACTOR, now=NOW)
    actor = Actor(ActorType.USER, alice.pk, "203.0.113.7")
    secrets.reveal_key(license=license, actor=actor, now=NOW)

    accounts.delete_user(user=alice, now=NOW)

    remembered = LicenseEvent.objects.exclude(ip=None).values_list("owner_id", "ip")
    assert list(remembered) == [(charlie.pk, "203.0.113.9")]
    assert problems() == []


def test_one_license_has_two_chains_in_no_case(license):
    with pytest.raises(IntegrityError), transaction.atomic():
        LicenseEvent.objects.create(
            license_id=license.pk,
            owner_id=license.user_id,
            sequence=3,
            at=NOW,
            type="issued",
            actor_type="system",
            before={},
            after={},
            hash="",
        )


def test_events_tell_no_key(license):
    old = secrets.reveal_key(license=license, actor=ACTOR, now=NOW)
    new = secrets.replace_key(license=license, actor=ACTOR, now=NOW).key

    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(e)::text FROM license_events e")
        told = json.dumps(cursor.fetchall())

    for secret in (old, new, License.objects.get().license_key):
        assert secret not in told
        assert secret.replace("-", "") not in told
    assert '"after' in told
