"""Settings: flat for MQL4, versioned, and changed as a whole or not at all."""

import json
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from bots.models import BotInstance, BotSettings, BotSource, SettingsChange
from bots.services.bot_settings import NoSettings, change_settings
from bots.settings_schema import SettingsInvalid, checked_settings, json_schema
from bots.tests.ea_client import Ea, license_key_of
from bots.tests.factories import BotInstanceFactory
from licensing.models import License
from licensing.tests.factories import LicenseHoldFactory
from smarttrader.lib import clock
from smarttrader.lib.actors import COMMAND_LINE, Actor, ActorType

pytestmark = pytest.mark.django_db

SESSIONS = [
    {"name": "London", "days": "12345", "start": "08:00", "end": "16:30"},
    {"name": "Tokyo", "days": "123", "start": "23:00", "end": "07:00"},
]
STRATEGIES = [{"name": "grid", "enabled": True}, {"name": "naïve", "enabled": False}]


@pytest.fixture
def ea(alice):
    ea = Ea()
    ea.activate(license_key_of(alice))
    return ea


def fetch(ea, **headers):
    response = ea.client.get(
        "/api/v1/ea/settings",
        headers={"Authorization": f"Bearer {ea.token}", **headers},
    )
    ea.headers = response.headers
    return response


def change(**changes):
    return change_settings(
        bot=BotInstance.objects.get(),
        changes=changes,
        actor=COMMAND_LINE,
        now=clock.now(),
    )


def test_a_new_bot_has_the_schemas_settings(ea):
    reply = fetch(ea).json()

    assert list(reply)[:4] == ["code", "message", "request_id", "server_time"]
    assert (reply["code"], reply["settings_version"]) == ("OK", 1)
    assert {
        name: reply[name]
        for name in (
            "risk_percentage",
            "max_daily_loss",
            "max_trades_per_day",
            "stop_loss_pips",
            "take_profit_pips",
            "trailing_stop",
            "auto_trade",
            "notifications_enabled",
            "trading_pairs",
            "trading_sessions",
            "sessions",
            "strategies_enabled",
            "strategies",
        )
    } == {
        "risk_percentage": 2,
        "max_daily_loss": 100,
        "max_trades_per_day": 10,
        "stop_loss_pips": 50,
        "take_profit_pips": 100,
        "trailing_stop": False,
        "auto_trade": True,
        "notifications_enabled": True,
        "trading_pairs": "",
        "trading_sessions": "[]",
        "sessions": 0,
        "strategies_enabled": "[]",
        "strategies": 0,
    }


def test_lists_are_flat_keys_and_text(ea):
    change(
        trading_pairs=["EURUSD", "xauusd+"],
        trading_sessions=SESSIONS,
        strategies_enabled=STRATEGIES,
        risk_percentage="1.5",
    )

    response = fetch(ea)
    reply = response.json()

    assert response.content.isascii()
    assert b'"risk_percentage":1.50,' in response.content
    assert reply["settings_version"] == 2
    assert reply["trading_pairs"] == "EURUSD,xauusd+"
    assert [reply[f"session_2_{key}"] for key in ("name", "days", "start", "end")] == [
        "Tokyo",
        "123",
        "23:00",
        "07:00",
    ]
    assert (reply["sessions"], reply["strategies"]) == (2, 2)
    assert (reply["strategy_1_name"], reply["strategy_1_enabled"]) == ("grid", True)
    assert reply["strategy_2_enabled"] is False
    assert json.loads(reply["trading_sessions"]) == SESSIONS
    assert json.loads(reply["strategies_enabled"]) == STRATEGIES
    assert not any(isinstance(value, list | dict) for value in reply.values())


def test_plain_text_has_the_same_keys(ea):
    change(strategies_enabled=STRATEGIES)

    lines = fetch(ea, Accept="text/plain").content.decode("ascii").splitlines()

    assert "strategy_1_enabled=true" in lines
    assert "risk_percentage=2.00" in lines


@pytest.mark.parametrize("told", ["{}", "W/{}", '"x", {}', "*"])
def test_settings_that_are_known_are_not_sent_again(ea, told):
    etag = fetch(ea).headers["ETag"]

    known = fetch(ea, **{"If-None-Match": told.format(etag)})
    change(auto_trade=False)
    changed = fetch(ea, **{"If-None-Match": told.format(etag)})

    assert (known.status_code, known.content) == (304, b"")
    assert (known["ETag"], known["Cache-Control"]) == (etag, "no-store")
    assert changed.status_code == (304 if told == "*" else 200)


def test_another_bots_etag_is_another(ea, charlie):
    other = Ea()
    other.activate(license_key_of(charlie))

    assert fetch(ea).headers["ETag"] != fetch(other).headers["ETag"]


def test_a_lapsed_license_gets_no_settings(ea):
    LicenseHoldFactory.create(license=License.objects.get())

    response = fetch(ea)

    assert (response.status_code, response.json()["code"]) == (403, "LICENSE_SUSPENDED")
    assert response.json()["manage_open"] is True


def test_the_token_may_stand_in_the_body(ea):
    body = json.dumps({"token": ea.token}).encode()

    response = ea.client.generic("GET", "/api/v1/ea/settings/", body)

    assert response.json()["code"] == "OK"


def test_settings_take_two_statements(ea, count_statements):
    with count_statements() as asked:
        fetch(ea)
    with count_statements() as known:
        fetch(ea, **{"If-None-Match": ea.headers["ETag"]})

    assert (len(asked), len(known)) == (2, 1)


# --- Changing them --------------------------------------------------------------------
def test_a_change_is_a_version_and_says_who_and_what(ea, alice):
    version = change_settings(
        bot=BotInstance.objects.get(),
        changes={"risk_percentage": "3", "trading_pairs": ["EURUSD"]},
        actor=Actor(ActorType.USER, alice.pk),
        now=clock.now(),
    )

    row = SettingsChange.objects.get()
    assert (version, row.version) == (2, 2)
    assert (row.actor_type, row.actor_id) == ("user", alice.pk)
    assert row.before == {"risk_percentage": "2.00", "trading_pairs": []}
    assert row.after == {"risk_percentage": "3.00", "trading_pairs": ["EURUSD"]}
    assert ea.call("heartbeat")["settings_version"] == 2


def test_what_changes_nothing_is_no_version(ea):
    assert change(risk_percentage="2.001", auto_trade=True) == 1
    assert not SettingsChange.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("risk_percentage", "0.09"),
        ("risk_percentage", "10.01"),
        ("risk_percentage", "NaN"),
        ("risk_percentage", 1.5),
        ("risk_percentage", True),
        ("max_daily_loss", "-0.01"),
        ("max_daily_loss", "100000000"),
        ("max_trades_per_day", -1),
        ("max_trades_per_day", "10"),
        ("stop_loss_pips", 100_001),
        ("take_profit_pips", 1.5),
        ("trailing_stop", "yes"),
        ("trading_pairs", "EURUSD"),
        ("trading_pairs", ["EUR,USD"]),
        ("trading_pairs", ["EURUSD\n"]),
        ("trading_pairs", ["EURUSD", "EURUSD"]),
        ("trading_pairs", [""]),
        ("trading_pairs", ["X" * 21]),
        ("trading_pairs", [f"P{number}" for number in range(101)]),
        ("trading_sessions", [{"name": "London"}]),
        ("trading_sessions", [{**SESSIONS[0], "zone": "UTC"}]),
        ("trading_sessions", [{**SESSIONS[0], "start": "24:00"}]),
        ("trading_sessions", [{**SESSIONS[0], "end": "16:30\n"}]),
        ("trading_sessions", [{**SESSIONS[0], "days": "51"}]),
        ("trading_sessions", [{**SESSIONS[0], "days": ""}]),
        ("trading_sessions", [SESSIONS[0], SESSIONS[0]]),
        ("trading_sessions", {}),
        ("strategies_enabled", [{"name": "<b>grid</b>", "enabled": True}]),
        ("strategies_enabled", [{"name": "grid", "enabled": 1}]),
        ("strategies_enabled", [{"name": "", "enabled": True}]),
        ("magic", 1),
        ("id", "x"),
        ("bot_instance", "x"),
    ],
)
def test_what_a_setting_cannot_be_is_refused_by_name(ea, name, value):
    with pytest.raises(SettingsInvalid) as refusal:
        change(**{"auto_trade": False, name: value})

    assert refusal.value.field == name
    assert BotSettings.objects.get().auto_trade is True
    assert BotInstance.objects.get().settings_version == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("risk_percentage", Decimal("0.09")),
        ("max_daily_loss", -1),
        ("max_trades_per_day", -1),
        ("stop_loss_pips", -1),
        ("take_profit_pips", -1),
    ],
)
def test_the_database_refuses_it_too(ea, column, value):
    with pytest.raises(IntegrityError), transaction.atomic():
        BotSettings.objects.update(**{column: value})


def test_a_session_may_end_at_midnight():
    sessions = [{**SESSIONS[0], "start": "00:00", "end": "24:00"}]

    assert checked_settings({"trading_sessions": sessions}) == {
        "trading_sessions": sessions
    }


def test_a_statement_has_no_settings(alice):
    bot = BotInstanceFactory.create(owner=alice, source=BotSource.STATEMENT)

    with pytest.raises(NoSettings):
        change_settings(
            bot=bot,
            changes={"auto_trade": False},
            actor=COMMAND_LINE,
            now=clock.now(),
        )


def test_the_documented_schema_is_the_one_that_is_checked():
    document = Path(django_settings.BASE_DIR) / "docs" / "bot-settings.schema.json"

    assert json.loads(document.read_text()) == json_schema()


# --- From a shell ---------------------------------------------------------------------
def run(*arguments, bot=None):
    out = StringIO()
    bot_id = bot or str(BotInstance.objects.get().pk)
    call_command("bot_settings", "--bot", bot_id, *arguments, stdout=out)
    return out.getvalue()


def test_a_shell_changes_settings_of_every_kind(ea):
    printed = run(
        "risk_percentage=1.25",
        "max_trades_per_day=4",
        "trailing_stop=TRUE",
        "trading_pairs=EURUSD, GBPUSD",
        f"trading_sessions={json.dumps(SESSIONS)}",
    )

    settings = BotSettings.objects.get()
    assert printed == "version 2\n"
    assert (settings.risk_percentage, settings.trailing_stop) == (Decimal("1.25"), True)
    assert settings.trading_pairs == ["EURUSD", "GBPUSD"]
    assert settings.trading_sessions == SESSIONS


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("risk_percentage=11",), 2, "SETTINGS_INVALID: risk_percentage"),
        (("auto_trade=false", "colour=red"), 2, "SETTINGS_INVALID: colour"),
        (("auto_trade",), 2, "not KEY=VALUE"),
        (("auto_trade=true", "auto_trade=false"), 2, "twice"),
    ],
)
def test_a_shells_mistake_changes_nothing(ea, arguments, status, message):
    with pytest.raises(CommandError, match=message) as error:
        run(*arguments)

    assert error.value.returncode == status
    assert BotSettings.objects.get().auto_trade is True


@pytest.mark.parametrize("bot", ["7", "01a2128c-14fb-7407-851a-6b326a66fbc4"])
def test_a_bot_that_nobody_has_is_not_found(bot):
    with pytest.raises(CommandError, match="BOT_NOT_FOUND") as error:
        run("auto_trade=true", bot=bot)

    assert error.value.returncode == 2
