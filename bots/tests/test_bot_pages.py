"""What an owner tells a bot, and how its settings are changed, through pages."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from bots.models import BotCommand, BotInstance, BotSettings, BotSource, SettingsChange
from bots.services import bot_settings
from bots.tests.factories import BotInstanceFactory, BotSettingsFactory
from smarttrader.lib import clock
from smarttrader.lib.actors import SYSTEM

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def bot(alice, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    bot = BotInstanceFactory(owner=alice, instance_name="Alpha", last_heartbeat=NOW)
    BotSettingsFactory(bot_instance=bot)
    return bot


@pytest.fixture
def alices_browser(client, alice):
    client.force_login(alice)
    return client


def tell(alices_browser, bot, command):
    if command == "stop":
        return alices_browser.post(stop_url(bot))
    return alices_browser.post(
        reverse("bot_command", args=[bot.pk]), {"command": command}
    )


def stop_url(bot):
    return reverse("bot_stop", args=[bot.pk])


def settings_url(bot):
    return reverse("bot_settings", args=[bot.pk])


def filled_in(alices_browser, bot, **changes):
    """Return what a browser would send: the form as it is shown, but for changes."""
    forms = alices_browser.get(settings_url(bot)).context["forms"]
    sent = {}
    parts = [forms.form, *forms.sessions, *forms.strategies]
    managers = [forms.sessions.management_form, forms.strategies.management_form]
    for form in [*managers, *parts]:
        for field in form:
            value = field.value()
            if value not in (None, False):
                sent[field.html_name] = value
    sent.update(changes)
    return {name: value for name, value in sent.items() if value is not None}


def save(alices_browser, bot, **changes):
    return alices_browser.post(
        settings_url(bot), filled_in(alices_browser, bot, **changes)
    )


# --- Commands -------------------------------------------------------------------------
@pytest.mark.parametrize("command", ["pause", "resume", "stop"])
def test_a_command_is_queued_in_its_owners_name(alices_browser, alice, bot, command):
    response = tell(alices_browser, bot, command)

    queued = BotCommand.objects.get()
    assert response.url == reverse("bot", args=[bot.pk])
    assert (queued.bot_instance, queued.command, queued.queued_by) == (
        bot,
        command,
        alice.pk,
    )


@pytest.mark.parametrize("command", ["dance", "stop"])
def test_an_unknown_command_and_an_unasked_stop_are_refused(
    alices_browser, bot, command
):
    response = alices_browser.post(
        reverse("bot_command", args=[bot.pk]), {"command": command}
    )

    assert response.status_code == 400
    assert BotCommand.objects.count() == 0


@pytest.mark.parametrize(
    ("open_trades", "warning"),
    [
        (1, "1 trade is open. It stays open, and nothing manages it any more."),
        (3, "3 trades are open. They stay open, and nothing manages them any more."),
        (0, "No trade was open at its last signal."),
        (None, "Trades that are open stay open, and nothing manages them."),
    ],
)
def test_to_stop_asks_first_and_names_what_stays_open(
    alices_browser, bot, open_trades, warning
):
    BotInstance.objects.filter(pk=bot.pk).update(open_trades=open_trades)

    bot_page = alices_browser.get(reverse("bot", args=[bot.pk])).content.decode()
    question = alices_browser.get(stop_url(bot))

    assert f'href="{stop_url(bot)}"' in bot_page
    assert 'value="stop"' not in bot_page
    assert warning in question.content.decode()
    assert BotCommand.objects.count() == 0


def test_a_stranger_tells_a_bot_nothing(client, charlie, bot):
    client.force_login(charlie)

    assert tell(client, bot, "pause").status_code == 404
    assert tell(client, bot, "stop").status_code == 404
    assert client.get(stop_url(bot)).status_code == 404
    assert client.get(settings_url(bot)).status_code == 404
    assert BotCommand.objects.count() == 0


@pytest.mark.parametrize(
    "fields", [{"released_at": NOW}, {"source": BotSource.STATEMENT}]
)
def test_who_hears_nothing_is_told_nothing(alices_browser, bot, fields):
    BotInstance.objects.filter(pk=bot.pk).update(**fields)

    response = alices_browser.post(stop_url(bot), follow=True)

    assert [str(each) for each in response.context["messages"]] == [
        "No EA of this bot is active, so nothing could hear the command"
    ]
    assert BotCommand.objects.count() == 0


@pytest.mark.parametrize(
    ("status", "pending", "offered"),
    [
        ("running", None, ["pause", "stop"]),
        ("running", "pause", ["resume", "stop"]),
        ("paused", None, ["resume", "stop"]),
        ("stopped", None, ["resume"]),
        ("stopped", "resume", ["pause", "stop"]),
        ("error", None, ["resume", "pause", "stop"]),
    ],
)
def test_what_is_offered_is_what_makes_a_difference(bot, status, pending, offered):
    bot.status, bot.pending_command = status, pending

    assert list(bot.commands_offered) == offered


def test_the_page_tells_what_becomes_of_a_command(alices_browser, bot):
    page = reverse("bot", args=[bot.pk])
    tell(alices_browser, bot, "pause")

    queued = alices_browser.get(page).content.decode()
    BotCommand.objects.update(delivered_at=NOW)
    delivered = alices_browser.get(page).content.decode()
    BotInstance.objects.update(last_heartbeat=None)
    BotCommand.objects.update(delivered_at=None)
    waiting = alices_browser.get(page).content.decode()

    assert "“Pause” goes out with its next signal" in queued
    assert "“Pause” reached it at 12:00:00" in delivered
    assert "“Pause” waits: it is heard as soon as the bot is back" in waiting


# --- Settings -------------------------------------------------------------------------
def test_settings_that_are_sent_as_they_are_change_nothing(alices_browser, bot):
    response = save(alices_browser, bot)

    assert response.url == reverse("bot", args=[bot.pk])
    assert SettingsChange.objects.count() == 0


def test_settings_are_saved_and_make_a_version(alices_browser, alice, bot):
    response = save(
        alices_browser,
        bot,
        risk_percentage="1.5",
        trading_pairs="EURUSD, xauusd.m\nEURUSD",
        trailing_stop="on",
        **{
            "sessions-1-name": "New York",
            "sessions-1-days": ["5", "1"],
            "sessions-1-start": "13:00",
            "sessions-1-end": "24:00",
            "strategies-0-enabled": None,
            "strategies-1-name": "grid",
            "strategies-1-enabled": "on",
        },
    )

    assert response.status_code == 302
    settings = BotSettings.objects.get()
    bot.refresh_from_db()
    assert bot.settings_version == 2
    assert SettingsChange.objects.get().actor_id == alice.pk
    assert settings.risk_percentage == Decimal("1.5")
    assert settings.trading_pairs == ["EURUSD", "xauusd.m"]
    assert settings.trailing_stop is True
    assert settings.trading_sessions == [
        {"name": "London", "days": "12345", "start": "08:00", "end": "16:30"},
        {"name": "New York", "days": "15", "start": "13:00", "end": "24:00"},
    ]
    assert settings.strategies_enabled == [
        {"name": "breakout", "enabled": False},
        {"name": "grid", "enabled": True},
    ]


def test_rows_are_removed(alices_browser, bot):
    save(
        alices_browser, bot, **{"sessions-0-DELETE": "on", "strategies-0-DELETE": "on"}
    )

    settings = BotSettings.objects.get()
    assert (settings.trading_sessions, settings.strategies_enabled) == ([], [])


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("form", "risk_percentage", "11"),
        ("form", "risk_percentage", "NaN"),
        ("form", "max_daily_loss", "-1"),
        ("form", "max_trades_per_day", "1.5"),
        ("form", "stop_loss_pips", "100001"),
        ("form", "trading_pairs", "EUR€"),
        ("form", "trading_pairs", "x" * 21),
        ("form", "trading_pairs", " ".join(f"P{n}" for n in range(101))),
        ("sessions", "start", "8:00"),
        ("sessions", "end", "24:01"),
        ("sessions", "name", ""),
        ("sessions", "days", ["8"]),
        ("strategies", "name", "x" * 51),
    ],
)
def test_what_no_setting_may_be_is_told_by_its_field(
    alices_browser, bot, part, field, value
):
    name = field if part == "form" else f"{part}-0-{field}"

    response = save(alices_browser, bot, **{name: value})

    forms = response.context["forms"]
    marked = forms.form if part == "form" else getattr(forms, part)[0]
    assert response.status_code == 400
    assert list(marked.errors) == [field]
    assert SettingsChange.objects.count() == 0


def test_no_two_rows_have_one_name(alices_browser, bot):
    response = save(alices_browser, bot, **{"strategies-1-name": "breakout"})

    assert response.context["forms"].strategies.non_form_errors() == [
        "“breakout” stands here twice."
    ]


def test_a_form_without_its_rows_is_refused(alices_browser, bot):
    sent = filled_in(alices_browser, bot)
    del sent["sessions-TOTAL_FORMS"]

    assert alices_browser.post(settings_url(bot), sent).status_code == 400


def test_a_change_that_nobody_saw_is_not_undone(alices_browser, bot):
    sent = filled_in(alices_browser, bot, risk_percentage="3")
    bot_settings.change_settings(
        bot=bot, changes={"stop_loss_pips": 70}, actor=SYSTEM, now=NOW
    )

    refused = alices_browser.post(settings_url(bot), sent)

    told = [
        (each.label, each.stored, each.wanted)
        for each in refused.context["differences"]
    ]
    assert refused.status_code == 409
    assert told == [
        ("Risk per trade, in percent", "2.00", "3"),
        ("Stop loss, in pips", "70", "50"),
    ]
    assert BotSettings.objects.get().risk_percentage == 2
    # Nothing that was typed is lost, and a second click, which saw it, saves it.
    form = refused.context["forms"].form
    assert form["risk_percentage"].value() == "3"
    assert form["version"].value() == "2"
    alices_browser.post(settings_url(bot), {**sent, "version": form["version"].value()})
    assert BotSettings.objects.get().risk_percentage == 3


def test_rows_that_were_added_meanwhile_are_no_error_of_ours(alices_browser, bot):
    sent = filled_in(alices_browser, bot, stop_loss_pips="60")
    rows = [{"name": name, "enabled": True} for name in ("breakout", "grid")]
    bot_settings.change_settings(
        bot=bot, changes={"strategies_enabled": rows}, actor=SYSTEM, now=NOW
    )

    refused = alices_browser.post(settings_url(bot), sent)

    told = [each.label for each in refused.context["differences"]]
    assert (refused.status_code, told) == (409, ["Stop loss, in pips", "Strategies"])


def test_a_statement_has_no_settings(alices_browser, bot):
    BotInstance.objects.update(source=BotSource.STATEMENT)

    assert alices_browser.get(settings_url(bot)).status_code == 404
