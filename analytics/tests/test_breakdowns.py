"""Breakdowns against a direct computation from the trades."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from analytics.models import DailyBreakdown, RollupDirty
from analytics.queries import breakdowns
from analytics.queries.breakdowns import Days, Part
from analytics.services import rollups
from bots.models import BotInstance
from bots.tests.factories import BotInstanceFactory
from trading.models import Trade, TradeStatus
from trading.tests.factories import ClosedTradeFactory, TradeFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Query = Callable[[list[Any], Days], list[Part]]
Key = Callable[[Trade], str | int]


def _closed_at(trade: Trade) -> datetime:
    assert trade.closed_at
    return trade.closed_at


def _by_part(name: str) -> Query:
    return lambda ids, days: getattr(breakdowns.trades_by_part(ids, days), name)


def _by_time(name: str) -> Query:
    return lambda ids, days: getattr(breakdowns.trades_by_time(ids, days), name)


QUERIES: list[tuple[Query, Key]] = [
    (_by_part("symbol"), lambda trade: trade.symbol),
    (_by_part("strategy"), lambda trade: trade.strategy_used or ""),
    (_by_part("direction"), lambda trade: trade.trade_type),
    (_by_time("weekday"), lambda trade: _closed_at(trade).isoweekday()),
    (_by_time("hour"), lambda trade: _closed_at(trade).hour),
]
each_query = pytest.mark.parametrize(
    ("query", "key"),
    QUERIES,
    ids=["symbol", "strategy", "direction", "weekday", "hour"],
)


@pytest.fixture
def bots(alice: User) -> list[BotInstance]:
    """Return three bots of Alice, of which two have one currency."""
    return [
        BotInstanceFactory.create(owner=alice, account_currency=currency)
        for currency in ("EUR", "USD", "EUR")
    ]


def test_four_trades_have_the_documented_figures(bots: list[BotInstance]):
    for profit in (100, -50, 30, 20):
        _close(bots[0], MONDAY, profit=profit, symbol="EURUSD", lot_size="0.10")
    rollups.roll_up(now=NOW)

    (part,) = breakdowns.trades_by_part([bots[0].pk]).symbol

    assert part == Part(
        *("EUR", "EURUSD", 4, 3, 1, Decimal(150), Decimal(50), Decimal("0.40"))
    )
    assert part.net_profit == Decimal(100)
    assert part.win_rate == Decimal(75)
    assert part.profit_factor == Decimal("3.0000")
    assert part.expectancy == Decimal(25)


def test_part_without_a_loss_has_no_profit_factor(bots: list[BotInstance]):
    _close(bots[0], MONDAY, profit=10)
    rollups.roll_up(now=NOW)

    (part,) = breakdowns.trades_by_part([bots[0].pk]).direction

    assert part.profit_factor is None


def test_break_even_trade_is_neither_won_nor_lost(bots: list[BotInstance]):
    _close(bots[0], MONDAY, profit=10, commission=Decimal(-7), swap=Decimal(-3))
    rollups.roll_up(now=NOW)

    (part,) = breakdowns.trades_by_part([bots[0].pk]).direction

    assert (part.total_trades, part.winning_trades, part.losing_trades) == (1, 0, 0)


@each_query
def test_trades_that_are_open_or_cancelled_are_in_no_part(
    query: Query, key: Key, bots: list[BotInstance]
):
    TradeFactory.create(bot_instance=bots[0], profit=Decimal(50))
    TradeFactory.create(
        bot_instance=bots[0],
        status=TradeStatus.CANCELLED,
        closed_at=MONDAY + 20 * DAY,
        profit=Decimal(50),
    )

    rollups.roll_up(now=NOW)

    assert query([bots[0].pk], Days()) == []


@each_query
def test_currencies_are_never_added_up(query: Query, key: Key, bots: list[BotInstance]):
    for each in bots:
        _close(each, MONDAY, profit=7)
    rollups.roll_up(now=NOW)

    parts = query([each.pk for each in bots], Days())

    assert [(part.currency, part.total_trades) for part in parts] == [
        ("EUR", 2),
        ("USD", 1),
    ]


@each_query
def test_trades_of_a_stranger_are_in_no_part(
    query: Query, key: Key, bots: list[BotInstance], charlie: User
):
    other = BotInstanceFactory.create(owner=charlie)
    _close(other, MONDAY, profit=7)
    rollups.roll_up(now=NOW)

    assert query([each.pk for each in bots], Days()) == []


@each_query
def test_days_begin_with_the_first_and_end_before_the_end(
    query: Query, key: Key, bots: list[BotInstance]
):
    moments = [
        MONDAY - timedelta(microseconds=1),
        MONDAY,
        MONDAY + 2 * DAY - timedelta(microseconds=1),
        MONDAY + 2 * DAY,
    ]
    for moment in moments:
        _close(bots[0], moment, profit=1)
    rollups.roll_up(now=NOW)

    with timezone.override("America/New_York"):
        parts = query([bots[0].pk], Days(date(2026, 3, 2), date(2026, 3, 4)))

    assert sum(part.total_trades for part in parts) == 2


@each_query
def test_query_costs_one_statement_for_any_number_of_bots(
    query: Query,
    key: Key,
    bots: list[BotInstance],
    django_assert_num_queries: Any,
):
    for each in bots:
        _close(each, MONDAY, profit=7)
    rollups.roll_up(now=NOW)

    for ids in ([bots[0].pk], [each.pk for each in bots]):
        with django_assert_num_queries(1):
            query(ids, Days())


@pytest.mark.parametrize(
    "change",
    [
        {"symbol": "GBPUSD"},
        {"trade_type": "SELL"},
        {"strategy_used": "carry"},
        {"lot_size": Decimal("7.00")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_trade_that_changes_moves_to_its_new_part(
    change: dict[str, Any], bots: list[BotInstance]
):
    trade = _close(bots[0], MONDAY, profit=1, strategy_used=None)
    rollups.roll_up(now=NOW)

    Trade.objects.filter(pk=trade.pk).update(**change)

    assert rollups.roll_up(now=NOW) == 1
    _assert_equal_to_the_trades(bots, Days())
    assert DailyBreakdown.objects.count() == 1


def test_largest_amounts_are_not_clamped(bots: list[BotInstance]):
    huge = Decimal("99999999.99")
    for _ in range(3):
        _close(bots[0], MONDAY, profit=huge, swap=huge, commission=huge)
    rollups.roll_up(now=NOW)

    (part,) = breakdowns.trades_by_part([bots[0].pk]).symbol

    assert part.gross_profit == 9 * huge


TRADES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.one_of(
            st.integers(0, 3 * 24 * 3600),
            st.integers(0, 70 * 24).map(lambda hour: hour * 3600),
        ),
        st.integers(0, 200 * 24),
        st.one_of(st.integers(-5000, 5000), st.sampled_from([0, 1, -1])),
        st.integers(-300, 0),
        st.sampled_from(["EURUSD", "GBPUSD"]),
        st.sampled_from(["BUY", "SELL"]),
        st.sampled_from([None, "", "trend", "scalp"]),
        st.integers(1, 500),
    ),
    min_size=1,
    max_size=15,
)
CHANGES: dict[str, Any] = {
    "profit": st.integers(-99, 99),
    "symbol": st.sampled_from(["EURUSD", "XAUUSD"]),
    "trade_type": st.sampled_from(["BUY", "SELL"]),
    "strategy_used": st.sampled_from([None, "carry"]),
    "closed_at": st.integers(0, 100).map(lambda hours: NOW + hours * HOUR),
}


@given(trades=TRADES, data=st.data())
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_breakdown_equals_a_direct_computation(
    trades: list[tuple[Any, ...]], data: st.DataObject, bots: list[BotInstance]
):
    with _undone():
        for place, seconds, hours_open, profit, swap, *rest in trades:
            symbol, direction, strategy, lots = rest
            closed_at = MONDAY + timedelta(seconds=seconds)
            _close(
                bots[place],
                closed_at,
                opened_at=closed_at - hours_open * HOUR,
                profit=Decimal(profit) / 100,
                swap=Decimal(swap) / 100,
                symbol=symbol,
                trade_type=direction,
                strategy_used=strategy,
                lot_size=Decimal(lots) / 100,
            )
            if data.draw(st.booleans()):
                rollups.roll_up(now=NOW)
        for trade in list(Trade.objects.all()):
            change = data.draw(st.sampled_from(["none", "delete", *CHANGES]))
            one = Trade.objects.filter(pk=trade.pk)
            if change == "delete":
                one.delete()
            elif change != "none":
                one.update(**{change: data.draw(CHANGES[change])})
        first = data.draw(st.integers(-1, 72))
        days = Days(
            data.draw(st.sampled_from([None, (MONDAY + first * DAY).date()])),
            data.draw(st.sampled_from([None, (MONDAY + (first + 9) * DAY).date()])),
        )

        rollups.roll_up(now=NOW)

        assert not RollupDirty.objects.exists()
        _assert_equal_to_the_trades(bots, days)
        before = _rows()
        rollups.rebuild(now=NOW)
        assert _rows() == before


def test_rebuild_repairs_breakdowns(bots: list[BotInstance]):
    _close(bots[0], MONDAY, profit=1)
    rollups.roll_up(now=NOW)
    before = _rows()
    DailyBreakdown.objects.update(gross_profit=Decimal(99), symbol="WRONG")

    rollups.rebuild(now=NOW)

    assert _rows() == before


def _close(bot: BotInstance, closed_at: datetime, **fields: Any) -> Trade:
    figures = {
        "opened_at": closed_at - HOUR,
        "commission": Decimal(0),
        "swap": Decimal(0),
        "symbol": "EURUSD",
        "trade_type": "BUY",
        "lot_size": Decimal("0.10"),
    }
    trade: Trade = ClosedTradeFactory.create(
        bot_instance=bot, closed_at=closed_at, **(figures | fields)
    )
    return trade


def _assert_equal_to_the_trades(bots: list[BotInstance], days: Days) -> None:
    for chosen in ([bots[0]], bots):
        trades = [
            trade
            for trade in Trade.objects.filter(
                bot_instance__in=chosen, status=TradeStatus.CLOSED
            ).select_related("bot_instance")
            if _is_within(_closed_at(trade).date(), days)
        ]
        for query, key in QUERIES:
            assert query([each.pk for each in chosen], days) == _direct(trades, key)


def _is_within(day: date, days: Days) -> bool:
    return (not days.start or days.start <= day) and (not days.end or day < days.end)


def _direct(trades: Iterable[Trade], key: Key) -> list[Part]:
    grouped: dict[tuple[str, Any], list[Trade]] = defaultdict(list)
    for trade in trades:
        grouped[trade.bot_instance.account_currency, key(trade)].append(trade)
    return [_part(*names, grouped[names]) for names in sorted(grouped)]


def _part(currency: str, key: str | int, trades: list[Trade]) -> Part:
    nets = [trade.net_profit or Decimal(0) for trade in trades]
    return Part(
        currency=currency,
        key=key,
        total_trades=len(nets),
        winning_trades=sum(net > 0 for net in nets),
        losing_trades=sum(net < 0 for net in nets),
        gross_profit=sum((net for net in nets if net > 0), Decimal(0)),
        gross_loss=sum((-net for net in nets if net < 0), Decimal(0)),
        volume=sum((trade.lot_size for trade in trades), Decimal(0)),
    )


def _rows() -> list[tuple[Any, ...]]:
    return sorted(DailyBreakdown.objects.values_list())


@contextmanager
def _undone() -> Iterator[None]:
    """Undo what an example did, also when it fails."""
    savepoint = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(savepoint)
