"""Statements over the user API: uploaded, checked to the cent, or refused."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.tests.tokens import bearer
from bots.models import BotInstance
from bots.services import instances
from bots.tests.factories import BotInstanceFactory
from licensing.tests.factories import LicenseFactory
from smarttrader.tests.api.world import UNKNOWN_ID, Api, give_one_of_each
from trading.models import StatementImport, Trade
from trading.tests.statement_writer import Position, Statement

pytestmark = pytest.mark.django_db

ACCOUNT = "7000001"
STATEMENT = Statement(
    rows=[Position(ticket=2, profit=Decimal("12.34")), Position(ticket=3)],
    account=ACCOUNT,
)
HTML = STATEMENT.html()


def upload(by, html=HTML, name="statement.htm", **fields):
    file = SimpleUploadedFile(name, html.encode(), content_type="text/html")
    response = Client().post(
        "/api/v1/statements", {"file": file, **fields}, headers=bearer(by)
    )
    return response.status_code, response.json()


def test_a_statement_is_imported_with_its_figures(alice):
    LicenseFactory.create(user=alice)

    status, told = upload(alice, utc_offset_minutes="120")

    again = Api(alice).get(f"statements/{told['id']}")
    assert (status, again) == (201, told)
    assert (told["trades"], told["created_rows"], told["mismatches"]) == (2, 2, 0)
    assert told["bot"] == str(BotInstance.objects.get().pk)
    assert [figure["equal"] for figure in told["figures"]] == [True] * len(
        told["figures"]
    )
    assert told["figures"] != []
    assert BotInstance.objects.get().utc_offset_minutes == 120


def test_rows_that_do_not_add_up_are_refused_as_a_whole(alice):
    LicenseFactory.create(user=alice)

    status, told = upload(alice, HTML.replace("12.34", "99.99", 1))

    assert (status, told["code"]) == (400, "STATEMENT_DISAGREES")
    assert not Trade.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"bot": "7"}, "bot"),
        ({"utc_offset_minutes": "841"}, "utc_offset_minutes"),
        ({"user": str(UNKNOWN_ID)}, "user"),
    ],
)
def test_a_field_that_cannot_be_is_told_by_its_name(alice, fields, field):
    status, told = upload(alice, **fields)

    assert (status, list(told["errors"])) == (400, [field])


def test_an_upload_without_a_file_says_so(alice):
    response = Client().post("/api/v1/statements", {}, headers=bearer(alice))

    assert list(response.json()["errors"]) == ["file"]


def test_json_is_no_statement(alice):
    api = Api(alice)

    api.post("statements", {"file": HTML})

    assert api.outcome == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_file_that_is_too_large_is_not_even_read(alice, monkeypatch):
    monkeypatch.setattr("analytics.api.statements.StatementParser.max_bytes", 10)

    status, told = upload(alice, HTML + " " * 100_000)

    assert (status, told["code"]) == (413, "TOO_LARGE")


def test_nobody_imports_into_somebody_elses_bot(cast):
    LicenseFactory.create(user=cast["bob"])
    theirs = BotInstanceFactory.create(owner=cast["alice"], mt4_account=ACCOUNT)

    answers = []
    for who in ("charlie", "bob", "staff"):
        for identifier in (theirs.pk, UNKNOWN_ID):
            status, told = upload(cast[who], bot=str(identifier))
            answers.append((status, told["code"]))

    assert answers == [(404, "BOT_NOT_FOUND")] * 6
    assert not StatementImport.objects.exists()


def test_metrics_come_by_type_and_period(alice):
    first, second = (give_one_of_each(alice, hour=hour) for hour in (0, 1))
    api = Api(alice)

    all_hours = api.listed("metrics", metric_type="hourly")
    no_days = api.listed("metrics", metric_type="daily")
    late = api.listed(
        "metrics", metric_type="hourly", period_from="2026-03-02T01:00:00Z"
    )
    of_one = api.listed("metrics", metric_type="hourly", bot=str(first.bot.pk))

    assert all_hours == [str(second.metric.pk), str(first.metric.pk)]
    assert (no_days, late, of_one) == (
        [],
        [str(second.metric.pk)],
        [str(first.metric.pk)],
    )


def test_a_later_statement_finds_the_bot_that_was_renamed(alice):
    license = LicenseFactory.create(user=alice)
    _, first = upload(alice)
    api = Api(alice)
    api.send("patch", f"bots/{first['bot']}", {"instance_name": "Old account"})
    # A second one on the account, so that the number alone does not tell.
    BotInstanceFactory.create(license=license, mt4_account=ACCOUNT)

    again = instances.statement_instance(
        license=license,
        mt4_account=ACCOUNT,
        broker_name="Example Broker Ltd",
        account_currency="USD",
        utc_offset_minutes=0,
    )

    assert (str(again.pk), again.instance_name) == (first["bot"], "Old account")
