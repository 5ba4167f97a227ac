"""Trades over the user API: amounts as text, moments in UTC, the list as a file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bots.tests.factories import BotInstanceFactory
from smarttrader.tests.api.world import UNKNOWN_ID, Api, give_one_of_each
from trading.models import TradeTicket, TradeType
from trading.tests.factories import (
    ClosedTradeFactory,
    TradeFactory,
    TradeHistoryFactory,
)

pytestmark = pytest.mark.django_db

OPENED_AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def reported(trade):
    """Give a trade the ticket that an EA's report would have claimed."""
    TradeTicket.objects.get_or_create(
        trade_id=trade.pk,
        defaults={
            "bot_instance": trade.bot_instance,
            "ticket_number": trade.ticket_number,
            "opened_at": trade.opened_at,
        },
    )
    return trade


@pytest.fixture
def bot(alice):
    return BotInstanceFactory.create(
        owner=alice, instance_name="Scalper", account_currency="EUR"
    )


def test_a_trade_is_told_to_the_letter(alice, bot):
    trade = reported(
        ClosedTradeFactory.create(
            bot_instance=bot, opened_at=OPENED_AT, magic_number=7, stop_loss=None
        )
    )

    told = Api(alice).get(f"trades/{trade.pk}")

    ours = {"created_at", "updated_at"}
    assert {name: value for name, value in told.items() if name not in ours} == {
        "id": str(trade.pk),
        "bot": str(bot.pk),
        "ticket_number": trade.ticket_number,
        "symbol": "EURUSD",
        "trade_type": "BUY",
        "status": "closed",
        "lot_size": "0.10",
        "open_price": "1.10000",
        "close_price": "1.10100",
        "stop_loss": None,
        "take_profit": None,
        "commission": "-0.50",
        "swap": "-0.20",
        "profit": "10.00",
        "net_profit": "9.30",
        "currency": "EUR",
        "profit_percentage": None,
        "strategy_used": None,
        "magic_number": 7,
        "comment": "",
        "continued_from": None,
        "opened_at": "2026-03-02T10:00:00Z",
        "closed_at": "2026-03-02T11:00:00Z",
        "duration_seconds": 3600,
    }


def test_open_trades_come_first_then_the_latest_closed(alice, bot):
    closed = [
        reported(
            ClosedTradeFactory.create(bot_instance=bot, opened_at=OPENED_AT + n * HOUR)
        )
        for n in range(3)
    ]
    still_open = reported(TradeFactory.create(bot_instance=bot, opened_at=OPENED_AT))

    told = Api(alice).listed("trades")

    assert told == [str(each.pk) for each in [still_open, *reversed(closed)]]


def test_filters_leave_what_they_say(alice, bot):
    won = reported(ClosedTradeFactory.create(bot_instance=bot, opened_at=OPENED_AT))
    lost = reported(
        ClosedTradeFactory.create(
            bot_instance=bot,
            opened_at=OPENED_AT + HOUR,
            symbol="GBPUSD",
            trade_type=TradeType.SELL,
            profit=Decimal("-3.00"),
            strategy_used="breakout",
        )
    )
    api = Api(alice)
    noon = "2026-03-02T12:00:00Z"

    found = {
        str(query): api.listed("trades", **query)
        for query in [
            {"symbol": "gbpusd"},
            {"trade_type": "BUY"},
            {"status": "open"},
            {"result": "won"},
            {"strategy": "breakout"},
            {"ticket": won.ticket_number},
            {"ticket": "1"},
            {"closed_from": noon},
            {"closed_before": noon},
            {"opened_from": "2026-03-02T11:30:00+01:00"},
            {"bot": str(bot.pk), "result": "lost"},
        ]
    }

    w, l = [str(won.pk)], [str(lost.pk)]  # noqa: E741 -- won, lost
    assert list(found.values()) == [l, w, [], w, l, w, [], l, w, l, l]


def test_the_prices_of_a_trade_are_told_newest_first(alice, bot):
    trade = ClosedTradeFactory.create(bot_instance=bot, opened_at=OPENED_AT)
    ticks = [
        TradeHistoryFactory.create(
            trade=trade, recorded_at=OPENED_AT + timedelta(minutes=n)
        )
        for n in range(5)
    ]
    other = ClosedTradeFactory.create(bot_instance=bot, opened_at=OPENED_AT)
    TradeHistoryFactory.create(trade=other)
    api = Api(alice)
    path = f"trades/{trade.pk}/history"

    told = api.listed(path)
    late = api.get(path, recorded_from="2026-03-02T10:04:00Z")["results"]

    assert told == [str(tick.pk) for tick in reversed(ticks)]
    assert late == [
        {
            "id": str(ticks[4].pk),
            "current_price": "1.10050",
            "unrealized_profit": "5.00",
            "recorded_at": "2026-03-02T10:04:00Z",
        }
    ]


def test_the_file_holds_the_same_trades_and_no_formula(alice, charlie, bot):
    trade = reported(
        ClosedTradeFactory.create(
            bot_instance=bot,
            opened_at=OPENED_AT,
            comment='=HYPERLINK("http://evil")',
            strategy_used="@sum",
        )
    )
    give_one_of_each(charlie)
    api = Api(alice)

    api.get("trades.csv", symbol="EURUSD")

    content = b"".join(api.last.streaming_content).decode()
    (row,) = csv.DictReader(io.StringIO(content))
    name = api.last.headers["Content-Disposition"]
    assert name == 'attachment; filename="trades.csv"'
    assert (row["ticket"], row["bot"]) == (trade.ticket_number, "Scalper")
    assert row["comment"] == '\'=HYPERLINK("http://evil")'
    assert row["strategy"] == "'@sum"
    assert (row["net"], row["commission"]) == ("9.30", "-0.50")
    assert row["closed_at"] == "2026-03-02T11:00:00Z"


def test_the_file_of_somebody_elses_bot_is_as_unknown_as_none(charlie, bot):
    api = Api(charlie)

    outcomes = []
    for identifier in (bot.pk, UNKNOWN_ID):
        api.get("trades.csv", bot=str(identifier))
        outcomes.append(api.outcome)

    assert outcomes == [(404, "BOT_NOT_FOUND")] * 2
