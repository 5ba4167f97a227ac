"""Bots over the user API: names, settings by version, commands."""

import pytest

from accounts.models import Role
from bots.models import BotCommand, BotInstance, BotSettings, SettingsChange
from bots.tests.ea_client import Ea, license_key_of
from smarttrader.tests.api.world import UNKNOWN_ID, Api, give_one_of_each

pytestmark = pytest.mark.django_db


@pytest.fixture
def running(cast):
    """Alice's key, her EA, and its bot."""
    key = license_key_of(cast["alice"])
    ea = Ea()
    ea.activate(key)
    return key, ea, BotInstance.objects.get()


def test_a_renamed_bot_stays_the_bot_of_its_ea(cast, running):
    key, ea, bot = running
    api = Api(cast["alice"])

    told = api.send("patch", f"bots/{bot.pk}", {"instance_name": " My <b>scalper</b> "})
    again = ea.activate(key)

    assert told["instance_name"] == "My scalper"
    assert again["code"] == "ALREADY_ACTIVATED"
    assert api.listed("bots") == [str(bot.pk)]
    assert api.get(f"bots/{bot.pk}")["instance_name"] == "My scalper"


def test_a_renamed_bot_that_was_released_is_revived_by_its_ea(cast, running):
    key, ea, bot = running
    api = Api(cast["alice"])
    api.send("patch", f"bots/{bot.pk}", {"instance_name": "My scalper"})
    ea.call("deactivate")

    revived = ea.activate(key)

    assert (revived["code"], revived["bot_id"]) == ("ACTIVATED", str(bot.pk))
    assert BotInstance.objects.get().instance_name == "My scalper"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"instance_name": ""},
        {"instance_name": "x" * 101},
        {"instance_name": 7},
        {"instance_name": "Mine", "status": "running"},
        {"instance_name": "Mine", "license": str(UNKNOWN_ID)},
        {"instance_name": "Mine", "user": str(UNKNOWN_ID)},
        {"instance_name": "Mine", "id": str(UNKNOWN_ID)},
        ["instance_name"],
    ],
)
def test_a_bot_is_given_a_name_and_nothing_else(cast, running, body):
    _, _, bot = running
    before = BotInstance.objects.values().get()
    api = Api(cast["alice"])

    api.send("patch", f"bots/{bot.pk}", body)

    assert api.outcome == (400, "VALIDATION_ERROR")
    assert BotInstance.objects.values().get() == before


WRITES = [
    ("patch", "bots/{}", {"instance_name": "Mine"}),
    ("patch", "bots/{}/settings", {"version": 1, "auto_trade": False}),
    ("post", "bots/{}/commands", {"command": "stop"}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_nobody_writes_to_a_bot_that_is_not_theirs(cast, running, method, path, body):
    _, _, bot = running

    answers = []
    for who in ("charlie", "dana"):
        for identifier in (bot.pk, UNKNOWN_ID):
            api = Api(cast[who])
            told = api.send(method, path.format(identifier), body)
            answers.append((api.outcome, told | {"request_id": ""}))

    assert [outcome for outcome, _ in answers] == [(404, "NOT_FOUND")] * 4
    assert all(told == answers[0][1] for _, told in answers)
    assert not BotCommand.objects.exists()
    assert not SettingsChange.objects.exists()


def test_a_role_that_changes_changes_what_is_seen_at_once(cast, running):
    _, _, bot = running
    bob = cast["bob"]
    seen = Api(bob).listed("bots")

    bob.role = Role.USER
    bob.save()
    bob.refresh_from_db()

    assert (seen, Api(bob).listed("bots")) == ([str(bot.pk)], [])


def test_settings_are_told_with_their_version(cast, running):
    _, _, bot = running

    told = Api(cast["alice"]).get(f"bots/{bot.pk}/settings")

    assert told | {"updated_at": ""} == {
        "version": 1,
        "risk_percentage": "2.00",
        "max_daily_loss": "100.00",
        "max_trades_per_day": 10,
        "trading_pairs": [],
        "trading_sessions": [],
        "strategies_enabled": [],
        "stop_loss_pips": 50,
        "take_profit_pips": 100,
        "trailing_stop": False,
        "auto_trade": True,
        "notifications_enabled": True,
        "guard_enabled": False,
        "limits_currency": "",
        "max_drawdown_percentage": None,
        "updated_at": "",
    }


def test_of_two_who_change_the_same_version_one_is_told(cast, running):
    _, ea, bot = running
    alice, bob = Api(cast["alice"]), Api(cast["bob"])
    path = f"bots/{bot.pk}/settings"

    told = alice.send("patch", path, {"version": 1, "risk_percentage": "1.25"})
    bob.send("patch", path, {"version": 1, "risk_percentage": "9"})

    assert (told["version"], told["risk_percentage"]) == (2, "1.25")
    assert bob.outcome == (409, "SETTINGS_CHANGED")
    assert ea.call("heartbeat")["settings_version"] == 2
    assert str(BotSettings.objects.get().risk_percentage) == "1.25"


def test_all_settings_are_replaced_or_none(cast, running):
    _, _, bot = running
    api = Api(cast["alice"])
    path = f"bots/{bot.pk}/settings"
    told = api.get(path)
    told.pop("updated_at")
    session = {"name": "London", "days": "12345", "start": "08:00", "end": "24:00"}

    api.send("put", path, {"version": 1, "auto_trade": False})
    missing = api.outcome
    new = api.send("put", path, told | {"trading_sessions": [session]})

    assert missing == (400, "VALIDATION_ERROR")
    assert (new["version"], new["trading_sessions"]) == (2, [session])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"risk_percentage": "0.05"}, "risk_percentage"),
        ({"risk_percentage": "NaN"}, "risk_percentage"),
        ({"risk_percentage": True}, "risk_percentage"),
        ({"max_daily_loss": "-1"}, "max_daily_loss"),
        ({"max_trades_per_day": 2**63}, "max_trades_per_day"),
        ({"auto_trade": 1}, "auto_trade"),
        ({"trading_pairs": ["EUR,USD"]}, "trading_pairs.0"),
        ({"trading_pairs": ["EURUSD", "EURUSD"]}, "trading_pairs"),
        ({"trading_pairs": ["EURUSD"] * 101}, "trading_pairs"),
        ({"trading_sessions": [{"name": "London"}]}, "trading_sessions.0.days"),
        (
            {"strategies_enabled": [{"name": "a", "enabled": True, "x": 1}]},
            "strategies_enabled.0.x",
        ),
        ({"leverage": 500}, "leverage"),
        ({"version": 0}, "version"),
    ],
)
def test_a_setting_that_cannot_be_is_told_by_its_name(cast, running, changes, field):
    _, _, bot = running
    api = Api(cast["alice"])

    told = api.send("patch", f"bots/{bot.pk}/settings", {"version": 1, **changes})

    assert api.outcome == (400, "VALIDATION_ERROR")
    assert next(iter(told["errors"])) == field
    assert not SettingsChange.objects.exists()


def test_a_command_is_heard_and_the_next_supersedes_it(cast, running):
    _, ea, bot = running
    api = Api(cast["alice"])
    path = f"bots/{bot.pk}/commands"

    first = api.post(path, {"command": "pause"})
    second = api.post(path, {"command": "stop"})

    assert (api.last.status_code, second["queued_by_type"]) == (201, "user")
    assert ea.call("heartbeat")["command"] == "stop"
    listed = api.get(path)["results"]
    assert [row["id"] for row in listed] == [second["id"], first["id"]]
    assert [row["superseded_at"] is None for row in listed] == [True, False]


@pytest.mark.parametrize("command", ["buy", "", None, 7])
def test_no_other_command_is_known(cast, running, command):
    _, _, bot = running
    api = Api(cast["alice"])

    api.post(f"bots/{bot.pk}/commands", {"command": command})

    assert api.outcome == (400, "VALIDATION_ERROR")


def test_a_bot_that_no_ea_runs_hears_nothing(cast, running):
    _, ea, bot = running
    ea.call("deactivate")
    api = Api(cast["alice"])

    api.post(f"bots/{bot.pk}/commands", {"command": "pause"})

    assert api.outcome == (409, "BOT_NOT_CONNECTED")


def test_commands_of_two_bots_are_not_mixed(cast):
    first, _ = give_one_of_each(cast["alice"]), give_one_of_each(cast["alice"])

    told = Api(cast["alice"]).listed(f"bots/{first.bot.pk}/commands")

    assert told == [str(first.command.pk)]
