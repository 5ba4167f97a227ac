"""Which of a bot's trades a statement proves, whatever else the bot says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import PublicFigure, VerifiedTrades
from analytics.services import rollups, track_records
from analytics.services.statements import import_statement
from analytics.tests.guarded import report
from bots.tests.factories import BotInstanceFactory
from smarttrader.lib import clock
from trading.models import TradeTicket
from trading.services.statements import StatementFile
from trading.tests.statement_writer import OPENED, Position, Statement

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ACCOUNT = "7000001"
FIVE = [Position(ticket=ticket, profit=Decimal(ticket)) for ticket in range(1, 6)]


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def bot(alice):
    return BotInstanceFactory.create(owner=alice, mt4_account=ACCOUNT)


def imported(bot, rows=FIVE, now=NOW, **fields):
    statement = Statement(rows=rows, account=ACCOUNT, **fields)
    file = StatementFile(content=BytesIO(statement.html().encode()), name="s.htm")
    return import_statement(user=bot.user, file=file, bot=bot, now=now)


def invent(bot, ticket):
    """Report a closed trade as an EA does, one of the statements' tickets or not."""
    opened = OPENED.replace(tzinfo=UTC)
    report(
        bot,
        str(ticket),
        opened_at=opened,
        closed_at=opened + timedelta(minutes=30),
        profit=Decimal(500),
        now=NOW,
    )
    rollups.roll_up(now=NOW)


def public_page(bot):
    record = track_records.save_track_record(
        bot=bot,
        title="Steady",
        is_public=True,
        is_indexed=False,
        figures=list(PublicFigure),
        delay_hours=24,
        now=NOW,
    )
    page = Client().get(reverse("track_record", args=[record.slug]))
    return page.content.decode()


def verified(bot):
    count = VerifiedTrades.objects.filter(bot_instance=bot).first()
    return count.trades if count else None


def test_a_statement_proves_all_trades_that_it_has(bot):
    imported(bot)

    assert verified(bot) == 5
    assert "Verified statement" in public_page(bot)


def test_trades_of_a_sibling_prove_nothing_of_a_bots_own(bot, alice):
    sibling = BotInstanceFactory.create(owner=alice, mt4_account=ACCOUNT)
    imported(sibling, FIVE[:3])
    assert imported(bot).mismatches == 0
    for ticket in (11, 12, 13):
        invent(bot, ticket)

    page = public_page(bot)

    assert (verified(bot), verified(sibling)) == (2, 3)
    assert "2 of 5 trades verified" in page
    assert "2 of the 5 closed trades are in statements of this account" in page
    assert "Verified statement" not in page


def test_a_later_and_shorter_statement_takes_nothing_back(bot):
    imported(bot)
    imported(bot, FIVE[:2], now=NOW + timedelta(days=1))

    assert verified(bot) == 5
    assert "Verified statement" in public_page(bot)


def test_statements_that_overlap_count_each_trade_once(bot):
    imported(bot, FIVE[:3])
    imported(bot, FIVE[2:], now=NOW + timedelta(days=1))

    count = VerifiedTrades.objects.get()
    assert (count.trades, count.verified_at) == (5, NOW + timedelta(days=1))
    assert TradeTicket.objects.filter(verified_at=NOW).count() == 3


def test_a_statement_that_differs_proves_nothing(bot):
    invent(bot, 1)

    assert imported(bot).mismatches > 0
    assert verified(bot) is None
    assert "no statement of MetaTrader 4 has confirmed it" in public_page(bot)


def test_a_statement_without_figures_proves_nothing(bot):
    assert imported(bot, is_detailed=False).mismatches == 0

    assert verified(bot) is None


def test_a_trade_that_was_still_open_is_proved_by_the_statement_that_closes_it(bot):
    still_open = replace(FIVE[4], closed=None)
    imported(bot, FIVE[:4], open_positions=[still_open])
    assert verified(bot) == 4

    imported(bot, now=NOW + timedelta(days=1))

    assert verified(bot) == 5
