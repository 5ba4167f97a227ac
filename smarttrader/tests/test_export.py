"""GET me/export: all that is a user's, and nothing of another's."""

import csv
import io
import json
import uuid
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.urls import reverse

from accounts.models import AuthEvent, User
from accounts.tests.tokens import bearer
from bots.tests.factories import (
    BotInstanceFactory,
    BotLogFactory,
    BotSettingsFactory,
)
from notifications.models import Notification, NotificationType
from smarttrader.export.tables import LEFT_OUT, tables_of
from trading.tests.factories import ClosedTradeFactory, TradeHistoryFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_window")]

# Of whose rows a user's export tells nothing, and why.
NOT_EXPORTED = {
    "account.EmailConfirmation": "codes that confirm an address",
    "accounts.EmailCode": "codes that confirm an address",
    "mfa.Authenticator": "secrets of second factors",
    "admin.LogEntry": "what members of the staff did",
    "accounts.User_groups": "what staff may do",
    "accounts.User_user_permissions": "what staff may do",
    "licensing.Reseller": "the user's own row",
    "licensing.Allotment": "what the vendor lets a reseller sell",
    "licensing.LicenseHold": "the events of licenses tell of them",
    "analytics.DailyBreakdown": "sums of trades",
    "analytics.RollupDirty": "work that waits",
    "analytics.CurveVersion": "tells that a kept curve is another one now",
    "analytics.VerifiedTrades": "a count of trades; the checks of statements tell more",
    "bots.GuardPeak": "from where the risk guard measures",
    "trading.TradeTicket": "an index of trades",
    "notifications.TelegramCode": "codes that link a chat",
    "notifications.BotNews": "what waits for a minute until it is told",
    "notifications.ErrorSeries": "what waits until it is told; the logs tell of it",
}


def files_of(client, user: User) -> dict[str, bytes]:
    response = client.get("/api/v1/me/export", headers=bearer(user))
    assert (response.status_code, response["Content-Type"]) == (200, "application/zip")
    content = b"".join(response.streaming_content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def give_rows(user: User, word: str) -> None:
    bot = BotInstanceFactory.create(owner=user, instance_name=f"Bot of {word}")
    BotSettingsFactory.create(bot_instance=bot)
    BotLogFactory.create(bot_instance=bot, message=f"=HYPERLINK({word})")
    trade = ClosedTradeFactory.create(bot_instance=bot, comment=f"@{word}")
    TradeHistoryFactory.create(trade=trade)
    Notification.objects.create(
        user=user,
        type=NotificationType.SYSTEM,
        title=word,
        message=word,
        metadata={"word": word},
    )


def test_each_table_comes_as_json_and_as_csv(client, alice):
    give_rows(alice, "alice")

    files = files_of(client, alice)

    names = [table.name for table in tables_of(alice)]
    assert sorted(files) == sorted(
        f"{name}.{kind}" for name in names for kind in ("csv", "json")
    )
    for name in names:
        told = json.loads(files[f"{name}.json"])
        rows = list(csv.DictReader(io.StringIO(files[f"{name}.csv"].decode())))
        assert [list(row) for row in told] == [list(row) for row in rows]
    counts = {name: len(json.loads(files[f"{name}.json"])) for name in names}
    assert {name: count for name, count in counts.items() if count} == {
        "account": 1,
        "licenses": 1,
        "bots": 1,
        "bot_settings": 1,
        "bot_logs": 1,
        "trades": 1,
        "trade_history": 1,
        "notifications": 1,
    }


def test_values_are_told_exactly(client, alice):
    give_rows(alice, "alice")
    trade = ClosedTradeFactory.create(
        bot_instance=BotInstanceFactory.create(owner=alice),
        profit="-12.50",
        opened_at=datetime(2026, 11, 2, 12, tzinfo=UTC),
        closed_at=datetime(2026, 11, 2, 12, tzinfo=UTC) + timedelta(minutes=1),
    )

    files = files_of(client, alice)

    told = {row["id"]: row for row in json.loads(files["trades.json"])}[str(trade.pk)]
    rows = csv.DictReader(io.StringIO(files["trades.csv"].decode()))
    row = next(row for row in rows if row["id"] == str(trade.pk))
    expected = ("-12.50", "2026-11-02T12:00:00Z")
    assert (told["profit"], told["opened_at"]) == expected
    assert (row["profit"], row["opened_at"]) == expected


def test_text_is_no_formula_in_a_spreadsheet(client, alice):
    give_rows(alice, "alice")

    files = files_of(client, alice)

    (log,) = csv.DictReader(io.StringIO(files["bot_logs.csv"].decode()))
    (trade,) = csv.DictReader(io.StringIO(files["trades.csv"].decode()))
    assert (log["message"], trade["comment"]) == ("'=HYPERLINK(alice)", "'@alice")


def test_nothing_of_another_is_in_it(client, alice, charlie):
    give_rows(alice, "alice")
    give_rows(charlie, "charlie")
    theirs = {
        value
        for table in tables_of(charlie)
        for row in table.values()
        for value in row
        if isinstance(value, uuid.UUID)
    }

    files = files_of(client, alice)

    text = b"".join(files.values()).decode()
    assert [str(value) for value in theirs if str(value) in text] == []
    assert "charlie" not in text


def test_no_secret_is_in_it(client, alice):
    give_rows(alice, "alice")
    license = alice.licenses.get()

    text = b"".join(files_of(client, alice).values()).decode()

    assert license.license_key not in text
    assert alice.password not in text


def test_taking_it_is_recorded(client, alice):
    files_of(client, alice)

    assert [event.type for event in AuthEvent.objects.all()] == ["exported"]


def test_it_is_taken_five_times_an_hour(client, alice, charlie):
    for _ in range(5):
        files_of(client, alice)

    # The limit of all calls, which is wider, is not what is told.
    refused = client.get("/api/v1/me/export", headers=bearer(alice))

    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
    assert refused["Retry-After"].isdigit()
    assert refused["X-RateLimit-Remaining"] == "0"
    assert files_of(client, charlie)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_another_method_takes_nothing_of_the_five(client, alice, method):
    for _ in range(5):
        refused = getattr(client, method)("/api/v1/me/export", headers=bearer(alice))
        assert refused.status_code == 405

    for _ in range(5):
        files_of(client, alice)


def test_a_browser_gets_the_same_file(client, alice):
    give_rows(alice, "alice")
    client.force_login(alice)
    page = client.get(reverse("settings"))

    response = client.post(reverse("settings_export"))

    assert reverse("settings_export") in page.content.decode()
    assert response["Content-Disposition"] == (
        'attachment; filename="smart-stock-trader-export.zip"'
    )
    assert response["Cache-Control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        assert len(archive.namelist()) == 2 * len(tables_of(alice))


def test_both_doors_count_together(client, alice):
    client.force_login(alice)
    for _ in range(5):
        files_of(client, alice)

    refused = client.post(reverse("settings_export"))

    assert (refused.status_code, refused["Retry-After"].isdigit()) == (429, True)


def test_a_stranger_is_led_to_the_sign_in(client):
    response = client.post(reverse("settings_export"))

    assert response["Location"].startswith(reverse("account_login"))


def test_every_table_that_leads_to_a_user_is_exported_or_left_out_for_a_reason(alice):
    exported = {table.rows.model._meta.label for table in tables_of(alice)}
    leading: set[str] = {"accounts.User"}

    def leads(model: Any) -> bool:
        return any(
            isinstance(field, models.ForeignKey)
            and field.related_model._meta.label in leading
            for field in model._meta.concrete_fields
        )

    while found := {
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label not in leading and leads(model)
    }:
        leading |= found

    assert leading - exported == NOT_EXPORTED.keys()


def test_what_is_left_out_are_columns_that_there_are():
    for model, names in LEFT_OUT.items():
        assert names <= {field.name for field in model._meta.concrete_fields}
