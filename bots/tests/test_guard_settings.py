"""The guard's switch and limits: on only in the account's own currency."""

import pytest
from django.urls import reverse

from accounts.tests.announcements import announced_by
from accounts.tests.tokens import bearer
from bots import signals
from bots.models import BotInstance, BotSettings, GuardPeak, SettingsChange
from bots.services.bot_settings import change_settings
from bots.settings_schema import SettingsInvalid
from bots.tests.ea_client import Ea, license_key_of
from bots.tests.factories import BotInstanceFactory, BotSettingsFactory
from bots.tests.test_bot_pages import NOW, save
from licensing.models import License
from licensing.services.secrets import reveal_key
from smarttrader.lib import clock
from smarttrader.lib.actors import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(alice):
    bot = BotInstanceFactory(owner=alice, account_currency="JPY", last_heartbeat=NOW)
    BotSettingsFactory(bot_instance=bot)
    return bot


@pytest.fixture
def alices_browser(client, alice):
    client.force_login(alice)
    return client


def change(bot, **changes):
    return change_settings(bot=bot, changes=changes, actor=SYSTEM, now=NOW)


def guard_of(bot):
    bot.refresh_from_db()
    settings = BotSettings.objects.get(bot_instance=bot)
    return bot.guard_enabled, settings.limits_currency, str(settings.max_daily_loss)


# --- The service ----------------------------------------------------------------------
def test_it_is_not_switched_on_before_the_limits_were_saved(bot):
    with pytest.raises(SettingsInvalid, match="save the limits"):
        change(bot, guard_enabled=True)

    assert guard_of(bot) == (False, "", "100.00")


def test_limits_and_switch_are_saved_at_once_or_one_after_the_other(bot):
    change(bot, limits_currency="JPY", max_daily_loss="5000", guard_enabled=True)
    change(bot, guard_enabled=False)
    change(bot, guard_enabled=True)

    assert guard_of(bot) == (True, "JPY", "5000.00")
    told = SettingsChange.objects.earliest("version").after
    assert told == {
        "guard_enabled": True,
        "limits_currency": "JPY",
        "max_daily_loss": "5000.00",
    }


@pytest.mark.parametrize(
    ("of_account", "told"),
    [("JPY", "the account is in JPY"), ("", "its EA has not told")],
)
def test_limits_are_not_saved_in_another_currency(bot, of_account, told):
    BotInstance.objects.update(account_currency=of_account)

    with pytest.raises(SettingsInvalid, match=told) as refusal:
        change(bot, limits_currency="USD", max_daily_loss="50", guard_enabled=True)

    assert refusal.value.field == "limits_currency"
    assert guard_of(bot) == (False, "", "100.00")


@pytest.mark.parametrize("percent", ["0", "0.09", "100.01", "NaN", 5.5])
def test_a_drawdown_is_a_share(bot, percent):
    with pytest.raises(SettingsInvalid, match="max_drawdown_percentage"):
        change(bot, max_drawdown_percentage=percent)


def test_a_drawdown_has_an_end(bot):
    change(bot, max_drawdown_percentage="12.5")
    change(bot, max_drawdown_percentage=None)

    assert BotSettings.objects.get().max_drawdown_percentage is None


# --- Another currency -----------------------------------------------------------------
def test_an_account_that_gets_another_currency_is_told_of_once(alice):
    ea = Ea()
    ea.activate(license_key_of(alice))
    bot = BotInstance.objects.get()
    change(bot, limits_currency="USD", guard_enabled=True)
    GuardPeak.objects.create(
        bot_instance=bot, peak=1, balance=1, closed_since=NOW, closed_net=0, version=1
    )
    key = reveal_key(license=License.objects.get(), actor=SYSTEM, now=clock.now())

    with announced_by(signals) as heard:
        for currency in ("USD", "JPY", "JPY"):
            ea.activate(key, account_currency=currency)

    assert heard == ["guard_disarmed"]
    assert GuardPeak.objects.get().peak is None
    assert guard_of(bot) == (True, "USD", "100.00")
    # Other settings can be changed meanwhile, and the limits saved anew.
    change(bot, stop_loss_pips=70, guard_enabled=True)
    change(bot, limits_currency="JPY", max_daily_loss="9000")
    assert guard_of(bot) == (True, "JPY", "9000.00")


# --- The API --------------------------------------------------------------------------
def patch(client, user, bot, **changes):
    version = BotInstance.objects.get(pk=bot.pk).settings_version
    return client.patch(
        f"/api/v1/bots/{bot.pk}/settings",
        {"version": version, **changes},
        "application/json",
        headers=bearer(user),
    )


def test_programs_switch_it_on_by_naming_the_currency(client, alice, bot):
    refused = patch(client, alice, bot, guard_enabled=True)
    saved = patch(client, alice, bot, guard_enabled=True, limits_currency="JPY").json()

    assert refused.status_code == 400
    assert "guard_enabled" in str(refused.json())
    assert (saved["guard_enabled"], saved["limits_currency"]) == (True, "JPY")


def test_a_stranger_switches_nothing(client, charlie, bot):
    assert patch(client, charlie, bot, guard_enabled=False).status_code == 404


# --- The page -------------------------------------------------------------------------
def test_saving_the_page_says_in_which_currency_the_limits_are(alices_browser, bot):
    response = save(alices_browser, bot, guard_enabled="on", max_daily_loss="20000")

    assert response.status_code == 302
    assert guard_of(bot) == (True, "JPY", "20000.00")


def test_an_account_that_changed_meanwhile_is_looked_at_again(alices_browser, bot):
    response = save(alices_browser, bot, limits_currency="USD", guard_enabled="on")

    assert response.status_code == 400
    page = response.content.decode()
    assert "The account is in JPY now: look at the limits again." in page
    assert 'name="limits_currency" value="JPY"' in page
    assert guard_of(bot) == (False, "", "100.00")


def test_without_a_currency_the_switch_stays_off(alices_browser, bot):
    BotInstance.objects.update(account_currency="")

    response = save(alices_browser, bot, guard_enabled="on", stop_loss_pips="60")

    assert response.status_code == 302
    assert guard_of(bot) == (False, "", "100.00")


@pytest.mark.parametrize(
    ("balance", "limit", "is_asked"),
    [
        (1_000_000, "100", True),
        (1_000_000, "1000", False),
        (1_000_000, "1000001", True),
        (None, "100", True),
        (None, "1000", False),
    ],
)
def test_a_limit_that_nobody_means_is_asked_about_once_more(
    alices_browser, bot, balance, limit, is_asked
):
    BotInstance.objects.update(balance=balance)
    wanted = {"guard_enabled": "on", "max_daily_loss": limit}

    asked = save(alices_browser, bot, **wanted)

    assert asked.status_code == (409 if is_asked else 302)
    if is_asked:
        page = asked.content.decode()
        assert f"A loss of {limit} JPY a day: is that what you mean?" in page
        assert f'name="confirmed" value="{limit}"' in page
        assert guard_of(bot) == (False, "", "100.00")
        assert save(alices_browser, bot, **wanted, confirmed=limit).status_code == 302
    assert guard_of(bot)[:2] == (True, "JPY")


def test_what_the_guard_does_not_act_on_is_not_asked_about(alices_browser, bot):
    BotInstance.objects.update(balance=1_000_000)

    assert save(alices_browser, bot, stop_loss_pips="60").status_code == 302
    assert guard_of(bot) == (False, "JPY", "100.00")


def test_limits_in_another_currency_are_warned_of(alices_browser, bot):
    BotSettings.objects.update(limits_currency="USD")

    page = alices_browser.get(reverse("bot_settings", args=[bot.pk])).content.decode()

    assert "The limits were saved in USD, and the account is in JPY now." in page
