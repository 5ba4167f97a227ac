"""Roll-ups leave out months by when trades opened, and never one that has a trade."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import User
from analytics.models import MetricType, PerformanceMetric, RollupDirty
from analytics.services import rollups
from bots.models import BotInstance
from bots.tests.factories import BotInstanceFactory
from trading.models import Trade
from trading.tests.factories import ClosedTradeFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CLOSED_AT = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def bot(alice: User) -> BotInstance:
    return BotInstanceFactory.create(owner=alice)


def test_marks_tell_the_earliest_opening_of_their_trades(bot: BotInstance):
    _close(bot, days_open=100)

    mark = RollupDirty.objects.get()

    assert mark.opened_from == CLOSED_AT - 100 * DAY


def test_rows_keep_the_earliest_opening_of_their_trades(bot: BotInstance):
    _close(bot, days_open=100)
    _close(bot, days_open=1)

    rollups.roll_up(now=NOW)

    openings = PerformanceMetric.objects.values_list("first_opened_at", flat=True)
    assert list(openings) == [CLOSED_AT - 100 * DAY] * len(MetricType)


def test_late_trade_keeps_one_that_was_open_for_long_beside_it(bot: BotInstance):
    _close(bot, days_open=700)
    rollups.roll_up(now=NOW)

    _close(bot, days_open=0)
    rollups.roll_up(now=NOW)

    assert _counts() == {2}


def test_late_trade_that_was_open_for_long_is_found(bot: BotInstance):
    _close(bot, days_open=0)
    rollups.roll_up(now=NOW)

    _close(bot, days_open=700)
    rollups.roll_up(now=NOW)

    assert _counts() == {2}


def test_long_trade_that_moves_to_another_hour_is_found_there(bot: BotInstance):
    long = _close(bot, days_open=700)
    rollups.roll_up(now=NOW)
    later = _close(bot, days_open=0, closed_at=CLOSED_AT + 60 * DAY)
    rollups.roll_up(now=NOW)

    Trade.objects.filter(pk=long.pk).update(closed_at=later.closed_at)
    rollups.roll_up(now=NOW)

    assert _counts() == {2}
    assert PerformanceMetric.objects.count() == len(MetricType)


def test_opening_of_a_trade_that_is_gone_is_forgotten(bot: BotInstance):
    gone, kept = _close(bot, days_open=700), _close(bot, days_open=1)
    rollups.roll_up(now=NOW)

    Trade.objects.filter(pk=gone.pk).delete()
    rollups.roll_up(now=NOW)

    openings = PerformanceMetric.objects.values_list("first_opened_at", flat=True)
    assert set(openings) == {kept.opened_at}


def test_mark_that_tells_no_opening_finds_any(bot: BotInstance):
    _close(bot, days_open=700)
    RollupDirty.objects.update(opened_from=None)

    rollups.roll_up(now=NOW)

    assert _counts() == {1}


def test_rebuild_finds_trades_that_rows_do_not_tell_of(bot: BotInstance):
    _close(bot, days_open=700)
    rollups.roll_up(now=NOW)
    PerformanceMetric.objects.update(first_opened_at=CLOSED_AT, total_trades=7)

    rollups.rebuild(now=NOW)

    assert _counts() == {1}


def _close(
    bot: BotInstance, *, days_open: int, closed_at: datetime = CLOSED_AT
) -> Trade:
    trade: Trade = ClosedTradeFactory.create(
        bot_instance=bot,
        opened_at=closed_at - days_open * DAY,
        closed_at=closed_at,
        profit=Decimal(1),
    )
    return trade


def _counts() -> set[int]:
    return set(PerformanceMetric.objects.values_list("total_trades", flat=True))
