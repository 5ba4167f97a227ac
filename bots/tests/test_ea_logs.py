from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bots.models import BotInstance, BotLog
from bots.tests.ea_client import Ea, license_key_of
from licensing.models import License
from licensing.tests.factories import LicenseHoldFactory
from smarttrader.lib import clock

pytestmark = pytest.mark.django_db

DAY = clock.now() - timedelta(days=21)
AT = f"{DAY:%Y.%m.%d} 10:00:00"


def line(**changes: Any) -> dict[str, Any]:
    return {
        "log_level": "INFO",
        "category": "SYSTEM",
        "message": "started",
        "created_at": AT,
        **changes,
    }


def counts(reply: dict[str, Any]) -> tuple[int, int, int, int]:
    names = ("accepted", "created", "unchanged", "rejected_count")
    accepted, created, unchanged, rejected = (reply[name] for name in names)
    return accepted, created, unchanged, rejected


@pytest.fixture
def ea(alice):
    ea = Ea()
    ea.activate(license_key_of(alice), utc_offset_minutes=120)
    return ea


def test_a_line_is_stored_as_told_in_utc(ea):
    reply = ea.call(
        "logs",
        line(
            log_level="warning",
            category="Trade",
            message="spread <b>wide</b>\u200b",
            metadata={"spread": 2.5, "pairs": ["EURUSD"]},
            client_seq=7,
        ),
    )

    log = BotLog.objects.get()
    assert (ea.status, reply["code"], counts(reply)) == (200, "OK", (1, 1, 0, 0))
    assert (log.bot_instance, log.log_level, log.category, log.message) == (
        BotInstance.objects.get(),
        "WARNING",
        "TRADE",
        "spread wide",
    )
    assert log.metadata == {"spread": 2.5, "pairs": ["EURUSD"]}
    assert log.created_at == datetime(DAY.year, DAY.month, DAY.day, 8, tzinfo=UTC)


def test_a_line_as_a_form_is_stored(ea):
    reply = ea.send("logs/", b"log_level=ERROR&category=ERROR&message=no+money\0")

    log = BotLog.objects.get()
    assert counts(reply) == (1, 1, 0, 0)
    assert (log.log_level, log.message, log.metadata) == ("ERROR", "no money", None)


def test_a_line_without_a_time_is_of_now(ea):
    before = clock.now()

    ea.call("logs", line(created_at=""))

    assert before <= BotLog.objects.get().created_at <= clock.now()


def test_a_bare_list_is_the_calls_list(ea):
    reply = ea.call("logs", [line(), line()])

    assert counts(reply) == (2, 2, 0, 0)
    assert BotLog.objects.count() == 2


@pytest.mark.parametrize("created_at", [AT, ""], ids=["dated", "undated"])
def test_a_numbered_line_is_stored_once(ea, created_at):
    numbered = line(client_seq=1, created_at=created_at)

    first = ea.call("logs", logs=[numbered, line(client_seq=2, created_at=created_at)])
    again = ea.call("logs", logs=[numbered, numbered])

    assert (counts(first), counts(again)) == ((2, 2, 0, 0), (2, 0, 2, 0))
    assert BotLog.objects.count() == 2


@pytest.mark.parametrize(
    "change",
    [{"client_seq": 2}, {"message": "stopped"}, {"created_at": f"{AT[:-2]}01"}],
    ids=lambda change: next(iter(change)),
)
def test_a_numbered_line_that_says_otherwise_is_another(ea, change):
    ea.call("logs", line(client_seq=1))

    reply = ea.call("logs", line(**{"client_seq": 1, **change}))

    assert counts(reply) == (1, 1, 0, 0)


def test_the_same_line_of_another_bot_is_another(ea, charlie):
    other = Ea()
    other.activate(license_key_of(charlie), utc_offset_minutes=120)
    ea.call("logs", line(client_seq=1))

    reply = other.call("logs", line(client_seq=1))

    assert counts(reply) == (1, 1, 0, 0)
    assert BotLog.objects.count() == 2


@pytest.mark.parametrize("is_numbered", [True, False], ids=["numbered", "unnumbered"])
@pytest.mark.parametrize("created_at", [AT, ""], ids=["dated", "undated"])
def test_lines_of_one_moment_keep_their_order_on_the_page(ea, is_numbered, created_at):
    lines = [
        line(
            message=f"line {number}",
            created_at=created_at,
            client_seq=number if is_numbered else "",
        )
        for number in range(20)
    ]

    ea.call("logs", logs=lines)

    newest_first = BotLog.objects.order_by("-created_at", "-id")  # as pages read it
    assert [log.message for log in newest_first] == [
        f"line {number}" for number in reversed(range(20))
    ]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"log_level": ""}, "VALIDATION_ERROR", "log_level"),
        ({"log_level": "FATAL"}, "VALIDATION_ERROR", "log_level"),
        ({"category": "MONEY"}, "VALIDATION_ERROR", "category"),
        ({"message": ""}, "VALIDATION_ERROR", "message"),
        ({"message": "<b></b>"}, "VALIDATION_ERROR", "message"),
        ({"message": "x" * 10_001}, "VALIDATION_ERROR", "message"),
        ({"message": "a\0b"}, "VALIDATION_ERROR", "message"),
        ({"metadata": "x"}, "VALIDATION_ERROR", "metadata"),
        ({"metadata": [1]}, "VALIDATION_ERROR", "metadata"),
        ({"metadata": {"note": "x" * 16384}}, "VALIDATION_ERROR", "metadata"),
        ({"metadata": {"note": "a\0b"}}, "VALIDATION_ERROR", "metadata"),
        ({"metadata": {"note": "\ud800"}}, "VALIDATION_ERROR", "metadata"),
        ({"metadata": {"note": float("nan")}}, "VALIDATION_ERROR", "metadata"),
        ({"client_seq": -1}, "OUT_OF_RANGE", "client_seq"),
        ({"client_seq": 2**63}, "OUT_OF_RANGE", "client_seq"),
        ({"client_seq": "1.5"}, "VALIDATION_ERROR", "client_seq"),
        ({"created_at": "today"}, "VALIDATION_ERROR", "created_at"),
        ({"created_at": "1999.12.31 10:00"}, "TIME_OUT_OF_RANGE", "created_at"),
        ({"created_at": "2099.12.31 10:00"}, "TIME_OUT_OF_RANGE", "created_at"),
        ({"created_at": "2020.12.31 10:00"}, "TOO_OLD", "created_at"),
    ],
)
def test_a_bad_line_is_refused_and_the_others_are_kept(ea, change, code, field):
    reply = ea.call("logs", logs=[line(), line(**change)])

    assert (ea.status, counts(reply)) == (200, (1, 1, 0, 1))
    assert [
        (item["index"], item["ticket_number"], item["code"], item["field"])
        for item in reply["rejected"]
    ] == [(1, "", code, field)]
    assert BotLog.objects.count() == 1


@pytest.mark.parametrize(
    "longest",
    [
        {"message": "x" * 10_000},
        {"client_seq": 2**63 - 1},
        {"metadata": {"note": "x" * 16_000}},
        {"created_at": int((clock.now() - timedelta(days=89)).timestamp())},
    ],
    ids=lambda longest: next(iter(longest)),
)
def test_a_line_at_its_limits_is_stored(ea, longest):
    assert counts(ea.call("logs", line(**longest))) == (1, 1, 0, 0)


def test_a_call_without_a_good_line_is_refused(ea):
    reply = ea.call("logs", logs=[{}, "x"])

    assert (ea.status, reply["code"], counts(reply)) == (
        400,
        "ALL_REJECTED",
        (0, 0, 0, 2),
    )


@pytest.mark.parametrize("body", [{"logs": []}, {"logs": None}, {"logs": ""}, [], {}])
def test_a_call_without_lines_is_fine(ea, body):
    reply = ea.call("logs", body)

    assert (ea.status, reply["code"], counts(reply)) == (200, "OK", (0, 0, 0, 0))


def test_lines_that_are_no_list_refuse_the_call(ea):
    reply = ea.call("logs", logs={"message": "x"})

    assert (ea.status, reply["code"], reply["field"]) == (
        400,
        "VALIDATION_ERROR",
        "logs",
    )


def test_more_than_500_lines_are_too_large(ea):
    reply = ea.call("logs", logs=[line()] * 501)

    assert (ea.status, reply["code"]) == (413, "TOO_LARGE")
    assert not BotLog.objects.exists()


def test_lines_under_a_lapsed_license_are_stored_and_refused(ea):
    LicenseHoldFactory.create(license=License.objects.get())

    reply = ea.call("logs", logs=[line(client_seq=1)])
    again = ea.call("logs", logs=[line(client_seq=1)])

    assert (ea.status, reply["code"], counts(reply)) == (
        403,
        "LICENSE_SUSPENDED",
        (1, 1, 0, 0),
    )
    assert counts(again) == (1, 0, 1, 0)
    assert BotLog.objects.count() == 1


def test_a_token_that_was_revoked_stores_nothing(ea):
    BotInstance.objects.update(token_version=9)

    reply = ea.call("logs", line())

    assert (ea.status, reply["code"]) == (401, "TOKEN_INVALID")
    assert not BotLog.objects.exists()


@pytest.mark.parametrize(
    ("created_at", "statements"), [(AT, 2), ("", 4)], ids=["dated", "undated"]
)
@pytest.mark.parametrize("lines", [1, 3, 500])
def test_any_number_of_lines_is_one_insert(
    ea, count_statements, lines, created_at, statements
):
    batch = [line(client_seq=seq, created_at=created_at) for seq in range(lines)]

    with count_statements() as asked:
        ea.call("logs", logs=batch)

    assert len(asked) == statements
    assert BotLog.objects.count() == lines
