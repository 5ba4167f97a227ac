"""What a statement left open is told as of then, and nowhere as if it were open now."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import PublicFigure, PublicTrackRecord
from bots.models import BotSource
from bots.tests.factories import BotInstanceFactory
from smarttrader.lib import clock
from trading.tests.factories import (
    ClosedTradeFactory,
    StatementImportFactory,
    TradeFactory,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
IN_2019 = datetime(2019, 5, 24, 12, 14, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def alices_browser(client, alice):
    client.force_login(alice)
    return client


@pytest.fixture
def account(alice):
    """Return the account of a statement with an open and a closed trade."""
    bot = BotInstanceFactory.create(
        owner=alice, source=BotSource.STATEMENT, account_currency="USD"
    )
    TradeFactory(bot_instance=bot, ticket_number="4711", opened_at=IN_2019)
    ClosedTradeFactory(
        bot_instance=bot, ticket_number="4712", symbol="GBPUSD", opened_at=IN_2019
    )
    for printed_at in ("2019 May 25, 10:15", "2019 June 3, 09:00"):
        StatementImportFactory.create(bot_instance=bot, printed_at=printed_at)
    return bot


def trades_page(browser):
    return browser.get(reverse("trades")).content.decode()


def test_the_list_of_trades_says_when_it_was_printed(alices_browser, account):
    page = trades_page(alices_browser)

    assert "when printed, 2019 June 3, 09:00" in page
    assert "so far" not in page


def test_its_own_page_follows_it_no_further(alices_browser, account):
    trade = account.trades.get(ticket_number="4711")

    page = alices_browser.get(reverse("trade", args=[trade.pk])).content.decode()

    assert "when printed, 2019 June 3, 09:00" in page
    assert "Net when printed" in page
    assert 'id="trade">' in page


@pytest.mark.parametrize("name", ["overview", "bot"])
def test_the_latest_trades_leave_it_out(alices_browser, account, name):
    url = reverse(name, args=[account.pk] if name == "bot" else [])

    page = alices_browser.get(url).content.decode()

    assert "4712" in page
    assert "4711" not in page


def test_a_trade_that_a_bot_has_open_says_since_which_year(alices_browser, alice):
    bot = BotInstanceFactory.create(owner=alice)
    TradeFactory(bot_instance=bot, opened_at=NOW - timedelta(days=400))

    for url in (reverse("overview"), reverse("trades")):
        assert "19 Oct 2025 12:00" in alices_browser.get(url).content.decode()


def test_its_public_page_tells_of_no_open_trade(account):
    record = PublicTrackRecord.objects.create(
        bot_instance=account,
        slug="a-link",
        title="Steady",
        is_public=True,
        figures=list(PublicFigure),
    )

    page = Client().get(reverse("track_record", args=[record.slug])).content.decode()

    assert "GBPUSD" in page
    assert "EURUSD" not in page
    assert "Open trades" not in page
    assert "Account of a statement" in page
    assert "Demo account" not in page


def test_a_list_with_thirty_such_accounts_asks_as_much_as_with_one(
    alices_browser, alice, account, count_statements
):
    with count_statements() as for_one:
        trades_page(alices_browser)
    for _ in range(29):
        other = BotInstanceFactory.create(owner=alice, source=BotSource.STATEMENT)
        TradeFactory(bot_instance=other, opened_at=IN_2019)
        StatementImportFactory.create(bot_instance=other)
    with count_statements() as for_thirty:
        trades_page(alices_browser)

    assert len(for_thirty) == len(for_one)
