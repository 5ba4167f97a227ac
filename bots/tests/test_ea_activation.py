import json
from datetime import timedelta

import pytest

from bots.models import BotInstance, BotSource
from bots.tests.ea_client import ACTIVATION, Ea, license_key_of
from bots.tests.factories import BotInstanceFactory
from licensing.models import License, LicenseEvent, LicenseType
from licensing.tests.factories import LicenseHoldFactory
from smarttrader.lib import clock


@pytest.fixture
def key(alice):
    return license_key_of(alice, max_accounts=2)


@pytest.mark.django_db
def test_activation_gives_a_bot_a_token_and_the_license(key, alice):
    ea = Ea()

    reply = ea.activate(key, utc_offset_minutes=120, ea_version="2.4.1")

    bot = BotInstance.objects.get(user=alice)
    assert ea.status == 201
    assert list(reply)[:4] == ["code", "message", "request_id", "server_time"]
    assert reply["code"] == "ACTIVATED"
    assert reply["bot_id"] == str(bot.pk)
    assert (reply["license_type"], reply["license_status"]) == ("PRO", "active")
    assert (reply["accounts_used"], reply["max_accounts"]) == (1, 2)
    assert (reply["open_new"], reply["manage_open"]) == (True, True)
    assert reply["heartbeat_seconds"] == 60
    assert (bot.instance_name, bot.utc_offset_minutes) == ("MT4 900100", 120)
    assert ea.headers["Cache-Control"] == "no-store"
    assert License.objects.get().activation_count == 1


@pytest.mark.django_db
def test_a_second_activation_is_the_same_bot_with_a_fresh_token(key):
    ea = Ea()
    first = ea.activate(key)

    second = ea.activate(
        key.lower().replace("-", " "), broker_server="EXAMPLEMARKETS-demo"
    )

    assert (ea.status, second["code"]) == (200, "ALREADY_ACTIVATED")
    assert second["bot_id"] == first["bot_id"]
    assert License.objects.get().activation_count == 1


@pytest.mark.django_db
def test_plain_text_tells_times_as_numbers(key):
    fields = {"license_key": key, **ACTIVATION}
    ea = Ea()

    ea.send("activate", json.dumps(fields).encode(), Accept="text/plain")

    lines = dict(line.split("=", 1) for line in ea.text.splitlines())
    assert (lines["code"], lines["manage_open"]) == ("ACTIVATED", "true")
    assert int(lines["token_expires_at"]) > int(lines["server_time"])
    assert int(ea.headers["Content-Length"]) == len(ea.text)


@pytest.mark.django_db
def test_a_full_license_refuses_one_account_more(key):
    Ea().activate(key, mt4_account="1")
    Ea().activate(key, mt4_account="2")
    ea = Ea()

    reply = ea.activate(key, mt4_account="3")

    assert (ea.status, reply["code"]) == (409, "ACTIVATION_LIMIT")
    assert reply["status"] == 409
    assert ea.headers["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_more_bots_on_one_account_take_one_slot(alice):
    key = license_key_of(alice, max_accounts=1)
    Ea().activate(key, instance_name="Grid")
    ea = Ea()

    reply = ea.activate(key, instance_name="Scalper")

    assert (ea.status, reply["accounts_used"]) == (201, 1)
    assert BotInstance.objects.count() == 2


@pytest.mark.django_db
def test_an_activation_takes_a_statements_instance_over(key, alice):
    license_ = License.objects.get(user=alice)
    statement = BotInstanceFactory.create(
        license=license_,
        mt4_account="900100",
        broker_server=None,
        source=BotSource.STATEMENT,
    )

    reply = Ea().activate(key)

    statement.refresh_from_db()
    assert reply["bot_id"] == str(statement.pk)
    assert statement.source == BotSource.EA


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"license_key": ""}, 400, "KEY_MALFORMED"),
        ({"license_key": "SST-12345"}, 400, "KEY_MALFORMED"),
        ({"license_key": 7}, 400, "KEY_MALFORMED"),
        ({"mt4_account": " "}, 400, "VALIDATION_ERROR"),
        ({"utc_offset_minutes": 900}, 400, "VALIDATION_ERROR"),
        ({"account_currency": "DOLLAR"}, 400, "VALIDATION_ERROR"),
        ({"is_live": "perhaps"}, 400, "VALIDATION_ERROR"),
    ],
)
def test_bad_fields_are_refused_by_name(key, changes, status, code):
    ea = Ea()

    reply = ea.activate(**{"license_key": key, **changes})

    assert (ea.status, reply["code"]) == (status, code)
    assert not BotInstance.objects.exists()


@pytest.mark.django_db
def test_a_key_that_nobody_has_is_not_found(key):
    License.objects.all().delete()
    ea = Ea()

    assert ea.activate(key)["code"] == "LICENSE_NOT_FOUND"
    assert ea.status == 404


@pytest.mark.django_db
def test_another_computer_is_refused(key):
    Ea().activate(key)
    ea = Ea()

    reply = ea.activate(key, hardware_id="PC-2", mt4_account="2")

    assert (ea.status, reply["code"]) == (403, "HARDWARE_MISMATCH")
    assert "PC-1" not in (License.objects.get().hardware_id or "")


@pytest.mark.django_db
def test_a_trial_does_not_run_on_a_live_account(alice):
    ea = Ea()

    reply = ea.activate(license_key_of(alice, LicenseType.TRIAL), is_live=True)

    assert (ea.status, reply["code"]) == (403, "ACCOUNT_TYPE_NOT_ALLOWED")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": "revoked"}, "LICENSE_REVOKED"),
        ({"expires_at": clock.now() - timedelta(days=60)}, "LICENSE_EXPIRED"),
    ],
)
def test_a_lapsed_license_refuses_a_new_account(key, change, code):
    License.objects.update(**change)
    ea = Ea()

    reply = ea.activate(key)

    assert (ea.status, reply["code"]) == (403, code)
    assert "token" not in reply
    assert reply["manage_open"] is (code != "LICENSE_REVOKED")


@pytest.mark.django_db
def test_an_active_account_under_a_lapsed_license_may_go_on_to_manage(key):
    ea = Ea()
    ea.activate(key)
    LicenseHoldFactory.create(license=License.objects.get())

    reply = ea.activate(key)

    assert (ea.status, reply["code"]) == (403, "LICENSE_SUSPENDED")
    assert reply["token"]
    assert ea.call("heartbeat")["manage_open"] is True


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("plan", "change"),
    [
        (LicenseType.PRO, {"hardware_id": "PC-2"}),
        (LicenseType.TRIAL, {"is_live": True}),
    ],
)
def test_a_lapse_lets_in_nobody_whom_a_good_license_keeps_out(alice, plan, change):
    key = license_key_of(alice, plan)
    Ea().activate(key)
    LicenseHoldFactory.create(license=License.objects.get())
    ea = Ea()

    reply = ea.activate(key, **change)

    assert (ea.status, reply["code"]) == (403, "LICENSE_SUSPENDED")
    assert "token" not in reply


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"hardware_id": "PC-2"}, {"mt4_account": "7"}])
def test_who_is_refused_is_told_what_is_allowed(alice, change):
    key = license_key_of(alice, max_accounts=1)
    Ea().activate(key)

    reply = Ea().activate(key, **change)

    assert (reply["open_new"], reply["manage_open"]) == (False, False)


@pytest.mark.django_db
def test_an_ea_is_answered_under_whichever_host_it_calls(key):
    ea = Ea()
    ea.client.defaults["HTTP_HOST"] = "evil.example"

    assert ea.activate(key)["code"] == "ACTIVATED"
    assert ea.client.get("/").status_code == 400


@pytest.mark.django_db
def test_a_license_in_grace_works(key):
    License.objects.update(expires_at=clock.now() - timedelta(days=1))
    ea = Ea()

    reply = ea.activate(key)

    assert (ea.status, reply["license_status"]) == (201, "active")


@pytest.mark.django_db
def test_refusals_of_one_kind_are_one_event_an_hour(key, no_limits):
    Ea().activate(key)
    Ea().activate(key, mt4_account="2")

    for number in range(20):
        ea = Ea()
        ea.activate(key, mt4_account=str(number + 10))
        ea.activate(key, hardware_id=f"PC-{number + 10}")

    rejected = LicenseEvent.objects.filter(type="activation_rejected")
    assert sorted(event.after["code"] for event in rejected) == [
        "ACTIVATION_LIMIT",
        "HARDWARE_MISMATCH",
    ]


@pytest.mark.django_db
def test_in_production_keys_do_not_travel_in_the_clear(key, settings):
    settings.SECURE_SSL_REDIRECT = True
    ea = Ea()

    refused = ea.activate(key)
    status = ea.status
    ea.client.defaults["HTTP_X_FORWARDED_PROTO"] = "https"

    assert (status, refused["code"]) == (403, "TLS_REQUIRED")
    assert ea.activate(key)["code"] == "ACTIVATED"
