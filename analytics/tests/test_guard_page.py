"""What a bot's page and the API tell of the risk guard."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.tests.tokens import bearer
from analytics.services import guard
from analytics.tests.guarded import DAY, NOON, Guarded, guarded_bot
from bots.models import BotCommand, BotInstance, BotSettings, GuardBreach
from smarttrader.lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def ea(alice, monkeypatch):
    ea = Guarded(guarded_bot(alice, utc_offset_minutes=120))
    monkeypatch.setattr(clock, "now", lambda: ea.now)
    return ea


@pytest.fixture
def alices_browser(client, alice):
    client.force_login(alice)
    return client


def page_of(browser, ea, **headers):
    url = reverse("bot", args=[ea.bot.pk])
    return " ".join(browser.get(url, headers=headers).content.decode().split())


def lose(ea, amount=150):
    ea.trade(-amount)
    ea.looked_at()


def test_the_page_tells_what_holds_the_bot_and_when_it_lifts(alices_browser, ea):
    quiet = page_of(alices_browser, ea)
    lose(ea)

    page = page_of(alices_browser, ea)

    assert "risk guard has paused" not in quiet
    assert "The risk guard has paused this bot" in page
    assert "Lost 150.00 USD on 4 Mar, with what was floating" in page
    assert "at most 100.00 USD are allowed." in page
    # Midnight of a broker two hours ahead.
    assert "It trades on at 4 Mar 22:00" in page
    assert "Lift now and resume" in page


def test_the_button_lifts(alices_browser, ea):
    lose(ea)

    alices_browser.post(reverse("bot_command", args=[ea.bot.pk]), {"command": "resume"})

    assert ea.looked_at() == ["resume"]
    page = page_of(alices_browser, ea)
    assert "The risk guard let this bot go again" in page
    assert "Lift now" not in page


def test_a_stranger_lifts_nothing(client, charlie, ea):
    lose(ea)
    client.force_login(charlie)

    response = client.post(
        reverse("bot_command", args=[ea.bot.pk]), {"command": "resume"}
    )

    assert response.status_code == 404
    assert GuardBreach.objects.holding().count() == 1


def test_a_bot_that_forgot_its_pause_is_told_of(alices_browser, ea):
    lose(ea)
    ea.status = "running"
    ea.beat()

    assert "but it says that it runs" in page_of(alices_browser, ea)


@pytest.mark.parametrize(
    ("limits_currency", "is_on", "told"),
    [
        ("USD", False, "The guard is off, so the bot trades on."),
        ("JPY", True, "saved in another currency than the account's"),
        ("", False, "Nobody has saved its limits yet"),
    ],
)
def test_the_page_tells_why_the_bot_trades_on(
    alices_browser, ea, limits_currency, is_on, told
):
    BotInstance.objects.update(guard_enabled=is_on)
    BotSettings.objects.update(limits_currency=limits_currency)
    lose(ea)

    page = page_of(alices_browser, ea)

    assert "This bot has passed a limit" in page
    assert told in page


def test_a_guard_that_rests_says_so_before_anything_happens(alices_browser, ea):
    BotSettings.objects.update(limits_currency="JPY")

    page = page_of(alices_browser, ea)

    assert "The risk guard rests: the limits were saved in another currency" in page


def test_the_page_asks_as_much_with_three_breaches_as_with_one(
    alices_browser, ea, count_statements
):
    def asked():
        with count_statements() as statements:
            page_of(alices_browser, ea)
        return len(statements)

    lose(ea)
    once = asked()
    BotSettings.objects.update(max_trades_per_day=0, max_drawdown_percentage=1)
    ea.looked_at()
    ea.floating = Decimal(-500)
    ea.looked_at()

    assert GuardBreach.objects.count() == 3
    assert asked() == once


def test_yesterdays_breach_is_gone_from_the_page(alices_browser, ea):
    lose(ea)
    ea.looked_at(after=DAY)

    assert "paused this bot" not in page_of(alices_browser, ea)


def test_the_overview_names_what_is_held(alices_browser, ea):
    lose(ea)

    held = alices_browser.get(reverse("overview")).content.decode()
    ea.looked_at(after=DAY)
    free = alices_browser.get(reverse("overview")).content.decode()

    assert "The risk guard has paused Alpha" in held
    assert "The risk guard has paused" not in free


@pytest.mark.parametrize(
    ("limits_currency", "is_on"), [("USD", False), ("JPY", True), ("", False)]
)
def test_the_overview_names_what_passed_a_limit_and_trades_on(
    alices_browser, ea, limits_currency, is_on
):
    BotInstance.objects.update(guard_enabled=is_on)
    BotSettings.objects.update(limits_currency=limits_currency)
    lose(ea)

    today = alices_browser.get(reverse("overview"))
    ea.looked_at(after=DAY)
    tomorrow = alices_browser.get(reverse("overview"))

    assert [each.trouble for each in today.context["attention"]] == ["guard_passed"]
    assert "Alpha has passed a limit and trades on" in today.content.decode()
    assert tomorrow.context["attention"] == []


def test_whoever_lifted_the_guard_is_not_told_that_the_bot_trades_on(
    alices_browser, ea
):
    lose(ea)
    alices_browser.post(reverse("bot_command", args=[ea.bot.pk]), {"command": "resume"})
    ea.looked_at()

    overview = alices_browser.get(reverse("overview"))

    assert overview.context["attention"] == []


def test_programs_read_the_breaches(client, alice, charlie):
    ea = Guarded(guarded_bot(alice))
    lose(ea)
    path = f"/api/v1/bots/{ea.bot.pk}/breaches"

    told = client.get(path, headers=bearer(alice)).json()["results"]

    breach = GuardBreach.objects.get()
    assert told == [
        {
            "id": str(breach.pk),
            "bot": str(ea.bot.pk),
            "kind": "daily_loss",
            "broker_day": "2026-03-04",
            "at": "2026-03-04T12:01:00Z",
            "outcome": "paused",
            "figure": "150.00",
            "allowed": "100.00",
            "currency": "USD",
            "lifted_at": None,
            "lifted_by_type": None,
        }
    ]
    assert client.get(path, headers=bearer(charlie)).status_code == 404


def test_a_look_that_finds_nothing_writes_nothing(ea):
    ea.trade(5)
    ea.beat()

    assert guard.sweep(now=NOON + timedelta(seconds=30)) == 0
    assert GuardBreach.objects.count() == BotCommand.objects.count() == 0
