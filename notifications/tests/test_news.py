"""News of bots: a busy one is one message, and who does not care costs nothing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import User
from bots.models import BotInstance
from bots.tests.factories import BotInstanceFactory
from notifications.models import BotNews, Channel, Event, Notification
from notifications.services import news, preferences
from trading.models import TradeStatus, TradeType
from trading.services.trades import TradeReport, record_trades

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def bot(alice):
    return BotInstanceFactory.create(
        owner=alice, instance_name="Grid", account_currency="USD"
    )


def follow(user, *events):
    preferences.choose(
        user=user,
        choices={(event, Channel.INBOX): True for event in events},
        quiet_hours=None,
    )


def report(ticket, **given):
    fields = {
        "ticket_number": str(ticket),
        "symbol": "EURUSD",
        "trade_type": TradeType.BUY,
        "lot_size": Decimal("0.10"),
        "open_price": Decimal("1.08450"),
        "opened_at": NOW - HOUR,
    }
    return TradeReport(**{**fields, **given})


def closed(ticket, profit="12.50", **given):
    return report(
        ticket,
        status=TradeStatus.CLOSED,
        close_price=Decimal("1.08600"),
        closed_at=given.pop("closed_at", NOW),
        profit=Decimal(profit),
        commission=Decimal("-0.70"),
        **given,
    )


def record(bot, *reports):
    # As a call of an EA reads it anew.
    record_trades(
        bot=BotInstance.objects.get(pk=bot.pk), reports=list(reports), now=NOW
    )


def inbox():
    rows = Notification.objects.order_by("title")
    return list(rows.values_list("title", "message"))


def test_what_a_busy_bot_did_is_one_message_for_each_event(alice, bot):
    follow(alice, Event.TRADE_OPENED, Event.TRADE_CLOSED)
    record(bot, report(1), report(2))
    record(bot, closed(1), closed(3, "-20"), report(2))
    record(bot, closed(1))

    told = news.tell_news(now=NOW)

    first, third = (f"#{each} BUY 0.10 EURUSD @ 1.08450 → 1.08600" for each in (1, 3))
    assert (told, news.tell_news(now=NOW)) == (2, 0)
    assert inbox() == [
        (
            "Grid closed 2 trades: \N{MINUS SIGN}8.90 USD",
            f"{first}: +11.80\n{third}: \N{MINUS SIGN}20.70",
        ),
        (
            "Grid opened 2 trades",
            "#1 BUY 0.10 EURUSD @ 1.08450\n#2 BUY 0.10 EURUSD @ 1.08450",
        ),
    ]


def test_more_than_ten_are_counted(alice, bot):
    follow(alice, Event.TRADE_OPENED)
    record(bot, *map(report, range(25)))

    news.tell_news(now=NOW)

    ((title, message),) = inbox()
    assert title == "Grid opened 25 trades"
    assert message.splitlines()[10:] == ["and 15 more"]


def test_a_history_that_comes_late_is_no_news(alice, bot):
    follow(alice, Event.TRADE_OPENED, Event.TRADE_CLOSED)
    opened_at = NOW - 2 * DAY

    record(
        bot,
        report(1, opened_at=opened_at),
        closed(2, opened_at=opened_at, closed_at=NOW - DAY - HOUR),
        report(3, status=TradeStatus.CANCELLED, closed_at=NOW),
    )

    assert not BotNews.objects.exists()


def test_who_does_not_follow_trades_leaves_no_row(alice, bot):
    record(bot, report(1))
    follow(alice, Event.TRADE_OPENED)
    follow(alice)
    record(bot, report(2))

    assert User.objects.get().follows_trades is False
    assert not BotNews.objects.exists()


def test_following_trades_costs_a_call_one_statement(alice, bot, count_statements):
    record(bot, report(1), closed(2))
    counts = {}

    for is_followed, tickets in ((False, (11, 12)), (True, (21, 22))):
        follow(alice, *([Event.TRADE_CLOSED] if is_followed else []))
        running = BotInstance.objects.select_related("license__user").get(pk=bot.pk)
        with count_statements() as asked:
            record_trades(
                bot=running, reports=[report(tickets[0]), closed(tickets[1])], now=NOW
            )
        counts[is_followed] = len(asked)

    assert counts[True] - counts[False] == 1
