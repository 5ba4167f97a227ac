"""Roll-ups against the definitions of docs/metrics.md."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from analytics import tasks
from analytics.models import MetricType, PerformanceMetric, RollupDirty
from analytics.services import rollups
from analytics.tests.direct_metrics import FIGURES, direct_rows, stored_rows
from bots.models import BotInstance, BotLog, LogCategory, LogLevel
from bots.tests.factories import BotInstanceFactory
from smarttrader.jobs.models import JobRun
from trading.models import Trade, TradeStatus
from trading.tests.factories import ClosedTradeFactory, TradeFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def bot(alice: User) -> BotInstance:
    return BotInstanceFactory.create(owner=alice)


# The vectors of docs/metrics.md.
def test_metrics_of_four_trades_are_the_documented_ones(bot: BotInstance):
    _close_all(bot, [100, -50, 30, 20])

    rollups.roll_up(now=NOW)

    for metric in PerformanceMetric.objects.all():
        assert (metric.total_trades, metric.winning_trades) == (4, 3)
        assert metric.losing_trades == 1
        assert _money(metric) == {
            "gross_profit": Decimal(150),
            "gross_loss": Decimal(50),
            "net_profit": Decimal(100),
            "win_rate": Decimal("75.00"),
            "profit_factor": Decimal("3.0000"),
            "max_drawdown": Decimal("50.00"),
            "avg_win": Decimal(50),
            "avg_loss": Decimal(50),
            "largest_win": Decimal(100),
            "largest_loss": Decimal(50),
            "sharpe_ratio": Decimal("0.4073"),
        }
    assert _types() == ["daily", "hourly", "monthly", "weekly"]


def test_drawdown_starts_from_zero(bot: BotInstance):
    _close_all(bot, [-40, 10])

    rollups.roll_up(now=NOW)

    assert _column("max_drawdown") == {Decimal("40.00")}


def test_equal_wins_have_no_sharpe_ratio_and_no_losses(bot: BotInstance):
    _close_all(bot, [10, 10])

    rollups.roll_up(now=NOW)

    assert _column("sharpe_ratio") == {None}
    assert _column("profit_factor") == {Decimal(0)}
    assert all(metric.is_without_losses for metric in PerformanceMetric.objects.all())


def test_equal_large_amounts_have_no_sharpe_ratio(bot: BotInstance):
    # S ^ 2 in PostgreSQL rounds what S * S keeps: the spread would not be zero.
    _close_all(bot, ["12345678.91"] * 7)

    rollups.roll_up(now=NOW)

    assert _column("sharpe_ratio") == {None}


def test_single_loss_has_zeros_where_there_is_no_win(bot: BotInstance):
    _close_all(bot, [-5])

    rollups.roll_up(now=NOW)

    assert _column("avg_win") == _column("largest_win") == {Decimal(0)}
    assert _column("profit_factor") == _column("win_rate") == {Decimal(0)}
    assert _column("avg_loss") == {Decimal(5)}
    assert _column("sharpe_ratio") == {None}
    assert not any(m.is_without_losses for m in PerformanceMetric.objects.all())


def test_costs_decide_between_win_and_loss(bot: BotInstance):
    _close(bot, MONDAY, "1.00", commission=Decimal("-0.60"), swap=Decimal("-0.50"))
    _close(bot, MONDAY, "1.00", commission=Decimal("-0.60"), swap=Decimal("-0.40"))
    _close(bot, MONDAY, "1.00", commission=Decimal("-0.60"), swap=Decimal("-0.30"))

    rollups.roll_up(now=NOW)

    metric = PerformanceMetric.objects.get(metric_type=MetricType.HOURLY)
    assert (metric.winning_trades, metric.losing_trades) == (1, 1)
    assert metric.break_even_trades == 1
    assert (metric.gross_profit, metric.gross_loss) == (
        Decimal("0.10"),
        Decimal("0.10"),
    )


# What counts, and where.
def test_open_and_cancelled_trades_never_count(bot: BotInstance):
    TradeFactory.create(bot_instance=bot, profit=Decimal(50))
    TradeFactory.create(
        bot_instance=bot,
        status=TradeStatus.CANCELLED,
        closed_at=MONDAY + 20 * HOUR,
        profit=Decimal(50),
    )

    rollups.roll_up(now=NOW)

    assert not PerformanceMetric.objects.exists()
    assert not RollupDirty.objects.exists()


@pytest.mark.parametrize(
    ("closed_at", "starts"),
    [
        # Monday 00:00:00 is the new hour, day and week.
        (MONDAY, {"hourly": MONDAY, "daily": MONDAY, "weekly": MONDAY}),
        (
            MONDAY - SECOND,
            {
                "hourly": MONDAY - HOUR,
                "daily": MONDAY - DAY,
                "weekly": MONDAY - 7 * DAY,
                "monthly": datetime(2026, 3, 1, tzinfo=UTC),
            },
        ),
        (
            datetime(2026, 4, 1, tzinfo=UTC),
            {
                "hourly": datetime(2026, 4, 1, tzinfo=UTC),
                "daily": datetime(2026, 4, 1, tzinfo=UTC),
                "weekly": datetime(2026, 3, 30, tzinfo=UTC),
                "monthly": datetime(2026, 4, 1, tzinfo=UTC),
            },
        ),
        (
            datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
            {
                "hourly": datetime(2024, 2, 29, 23, tzinfo=UTC),
                "daily": datetime(2024, 2, 29, tzinfo=UTC),
                "weekly": datetime(2024, 2, 26, tzinfo=UTC),
                "monthly": datetime(2024, 2, 1, tzinfo=UTC),
            },
        ),
        # The week of New Year's Day begins in the old year.
        (
            datetime(2027, 1, 1, tzinfo=UTC),
            {"weekly": datetime(2026, 12, 28, tzinfo=UTC)},
        ),
    ],
)
def test_close_belongs_to_the_period_that_begins_with_it(
    closed_at: datetime, starts: dict[str, datetime], bot: BotInstance
):
    _close(bot, closed_at, 1)

    rollups.roll_up(now=NOW)

    found = dict(PerformanceMetric.objects.values_list("metric_type", "period_start"))
    assert {kind: found[kind] for kind in starts} == starts


def test_periods_end_where_the_next_begins(bot: BotInstance):
    _close(bot, datetime(2026, 12, 31, 23, 30, tzinfo=UTC), 1)

    rollups.roll_up(now=NOW)

    ends = dict(PerformanceMetric.objects.values_list("metric_type", "period_end"))
    assert ends == {
        "hourly": datetime(2027, 1, 1, tzinfo=UTC),
        "daily": datetime(2027, 1, 1, tzinfo=UTC),
        "weekly": datetime(2027, 1, 4, tzinfo=UTC),
        "monthly": datetime(2027, 1, 1, tzinfo=UTC),
    }


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata"])
def test_clocks_that_change_move_no_bucket(zone: str, bot: BotInstance):
    # The nights in which Berlin and New York set their clocks in spring and autumn.
    nights = [
        datetime(2026, month, day, tzinfo=UTC)
        for month, day in ((3, 8), (3, 29), (10, 25), (11, 1))
    ]
    for night in nights:
        for hour in range(10):
            _close(bot, night + hour * HOUR + MINUTE, 1)

    # As in a page of a user who lives there.
    with timezone.override(zone):
        rollups.roll_up(now=NOW)

    hours = PerformanceMetric.objects.filter(metric_type=MetricType.HOURLY)
    assert hours.count() == 40
    assert {metric.total_trades for metric in hours} == {1}
    days = PerformanceMetric.objects.filter(metric_type=MetricType.DAILY)
    assert [m.period_start for m in days.order_by("period_start")] == nights


def test_ties_are_ordered_by_ticket_as_a_number_then_as_text(
    bot: BotInstance, charlie: User
):
    # By number 9 < 10: -5, +20, -5 falls by 5. By text "10" < "9": +20, -5, -5 by 10.
    other = BotInstanceFactory.create(owner=charlie)
    for ticket, net in (("9", -5), ("10", 20), ("11", -5)):
        _close(bot, MONDAY, net, ticket_number=ticket)
        _close(other, MONDAY, net, ticket_number=f"x{ticket}")

    rollups.roll_up(now=NOW)

    drawdowns = PerformanceMetric.objects.filter(metric_type="hourly").values_list(
        "bot_instance", "max_drawdown"
    )
    # x10, x11, x9: +20, -5, -5.
    assert dict(drawdowns) == {bot.pk: Decimal(5), other.pk: Decimal(10)}


def test_drawdown_reaches_over_the_parts_of_a_longer_period(bot: BotInstance):
    for hours, net in ((0, 50), (30, -20), (31, 5), (60, -20), (61, 100), (62, -1)):
        _close(bot, MONDAY + hours * HOUR, net)

    rollups.roll_up(now=NOW)

    drawdowns = PerformanceMetric.objects.order_by("metric_type", "period_start")
    assert list(drawdowns.values_list("metric_type", "max_drawdown"))[:3] == [
        ("daily", Decimal(0)),
        ("daily", Decimal(20)),
        ("daily", Decimal(20)),
    ]
    assert [m.max_drawdown for m in drawdowns.exclude(metric_type="hourly")][3:] == [
        Decimal(35),
        Decimal(35),
    ]


def test_months_of_every_shape_equal_what_their_trades_amount_to(bot: BotInstance):
    """They are whole weeks and the days around: these begin on each day of a week."""
    first = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for day in range(304):
        _close(bot, first + day * DAY, (7 * day) % 19 - 9)

    rollups.roll_up(now=NOW)

    assert stored_rows() == direct_rows()


# A second implementation, over random trades.
TRADES = st.lists(
    st.tuples(
        st.one_of(
            st.integers(0, 3 * 24 * 3600),
            st.integers(0, 70 * 24).map(lambda hour: hour * 3600),
            st.sampled_from([0, 7 * 86400, 30 * 86400, 7 * 86400 - 1, 3600]),
        ),
        st.one_of(
            st.integers(-5000, 5000),
            st.sampled_from([0, 1, -1, 1000, -1000]),
            st.integers(-(10**10) + 1, 10**10 - 1),
        ),
        st.integers(-300, 0),
        st.integers(-300, 300),
    ),
    min_size=1,
    max_size=25,
)


@given(trades=TRADES)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_period_equals_a_direct_computation(
    trades: list[tuple[int, int, int, int]], bot: BotInstance
):
    with _undone():
        for seconds, profit, commission, swap in trades:
            _close(
                bot,
                MONDAY + timedelta(seconds=seconds),
                Decimal(profit) / 100,
                commission=Decimal(commission) / 100,
                swap=Decimal(swap) / 100,
            )

        rollups.roll_up(now=NOW)

        assert stored_rows() == direct_rows()


@given(trades=TRADES, data=st.data())
@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_changes_give_the_rows_of_a_new_start(
    trades: list[tuple[int, int, int, int]], data: st.DataObject, bot: BotInstance
):
    with _undone():
        for seconds, profit, _, _ in trades:
            _close(bot, MONDAY + timedelta(seconds=seconds), Decimal(profit) / 100)
            if data.draw(st.booleans()):
                rollups.roll_up(now=NOW)
        for trade in list(Trade.objects.all()):
            change = data.draw(st.sampled_from(["none", "delete", "profit", "later"]))
            one = Trade.objects.filter(pk=trade.pk)
            if change == "delete":
                one.delete()
            elif change == "profit":
                one.update(profit=data.draw(st.integers(-99, 99)))
            elif change == "later":
                assert trade.closed_at
                one.update(closed_at=trade.closed_at + timedelta(hours=5))

        rollups.roll_up(now=NOW)

        assert stored_rows() == direct_rows()
        before = list(PerformanceMetric.objects.order_by("pk").values())
        rollups.rebuild(now=LATER)
        assert list(PerformanceMetric.objects.order_by("pk").values()) == before


# Changes mark their hours.
def test_changed_trade_changes_its_periods(bot: BotInstance):
    trade = _close(bot, MONDAY, 10)
    rollups.roll_up(now=NOW)

    Trade.objects.filter(pk=trade.pk).update(profit=Decimal(-3))

    assert rollups.roll_up(now=LATER) == 1
    assert _column("net_profit") == {Decimal(-3)}


def test_comment_that_changes_marks_nothing(bot: BotInstance):
    trade = _close(bot, MONDAY, 10)
    rollups.roll_up(now=NOW)

    Trade.objects.filter(pk=trade.pk).update(comment="a thought", stop_loss=Decimal(7))

    assert not RollupDirty.objects.exists()


def test_trade_that_closes_later_leaves_no_row_behind(bot: BotInstance):
    trade = _close(bot, MONDAY + 23 * HOUR, 10)
    rollups.roll_up(now=NOW)

    Trade.objects.filter(pk=trade.pk).update(closed_at=MONDAY + 40 * DAY)
    rollups.roll_up(now=LATER)

    assert PerformanceMetric.objects.count() == 4
    assert not PerformanceMetric.objects.filter(
        period_start__lt=MONDAY + 29 * DAY
    ).exists()


def test_last_trade_that_goes_takes_its_rows_along(bot: BotInstance):
    _close(bot, MONDAY, 10)
    kept = _close(bot, MONDAY + 10 * DAY, 7)
    rollups.roll_up(now=NOW)

    Trade.objects.exclude(pk=kept.pk).delete()
    rollups.roll_up(now=LATER)

    assert stored_rows() == direct_rows()
    assert PerformanceMetric.objects.count() == 4


def test_late_trade_adds_to_periods_that_were_done(bot: BotInstance):
    _close(bot, MONDAY + DAY, 10)
    rollups.roll_up(now=NOW)

    _close(bot, MONDAY + MINUTE, -4)
    rollups.roll_up(now=LATER)

    assert stored_rows() == direct_rows()
    week = PerformanceMetric.objects.get(metric_type=MetricType.WEEKLY)
    assert (week.total_trades, week.net_profit) == (2, Decimal(6))
    assert week.max_drawdown == Decimal(4)


def test_second_roll_up_has_nothing_to_do(bot: BotInstance):
    _close_all(bot, [1, 2, 3])

    assert rollups.roll_up(now=NOW) > 0
    assert rollups.roll_up(now=LATER) == 0


def test_bots_do_not_mix(bot: BotInstance, charlie: User):
    other = BotInstanceFactory.create(owner=charlie)
    _close(bot, MONDAY, 10)
    _close(other, MONDAY, -10)

    rollups.roll_up(now=NOW)

    assert stored_rows() == direct_rows()
    mine = PerformanceMetric.objects.filter(bot_instance=bot)
    assert {metric.net_profit for metric in mine} == {Decimal(10)}
    assert mine.count() == 4


def test_only_the_named_bots_are_rolled_up(bot: BotInstance, charlie: User):
    other = BotInstanceFactory.create(owner=charlie)
    _close(bot, MONDAY, 10)
    _close(other, MONDAY, -10)

    rollups.roll_up(now=NOW, only_bots=[other.pk])

    assert {m.bot_instance_id for m in PerformanceMetric.objects.all()} == {other.pk}
    assert {mark.bot_instance_id for mark in RollupDirty.objects.all()} == {bot.pk}


# Figures that no column holds.
def test_figures_beyond_their_column_are_clamped_and_told_once(bot: BotInstance):
    huge = Decimal("99999999.99")
    for minute, sign in enumerate([1, 1, -1, -1, -1]):
        _close(bot, MONDAY + minute * MINUTE, sign * huge, swap=sign * huge)

    rollups.roll_up(now=NOW)

    assert _column("max_drawdown") == {huge}
    assert _column("avg_win") == _column("avg_loss") == {huge}
    assert _column("largest_win") == _column("largest_loss") == {huge}
    assert _column("gross_loss") == {6 * huge}
    log = BotLog.objects.get()
    assert (log.bot_instance, log.log_level) == (bot, LogLevel.WARNING)
    assert log.category == LogCategory.SYSTEM
    assert "4 periods" in log.message
    rollups.rebuild(now=LATER)
    _close(bot, MONDAY + 9 * MINUTE, huge)
    rollups.roll_up(now=LATER)
    assert BotLog.objects.count() == 1


def test_squares_of_huge_figures_are_summed_to_the_last_digit(bot: BotInstance):
    for profit in ("-99999993.53", "-99999994.47"):
        _close(bot, MONDAY, profit, commission=Decimal(-3), swap=Decimal(-3))

    rollups.roll_up(now=NOW)

    # 99,999,999.53 and 100,000,000.47: a fraction of 0.4418 after 17 digits.
    assert _column("sum_of_squares") == {Decimal("20000000000000000.4418")}
    assert _column("sharpe_ratio") == {Decimal("-999999.9999")}


def test_profit_factor_and_sharpe_ratio_are_clamped(bot: BotInstance):
    _close(bot, MONDAY, "99999999.99")
    _close(bot, MONDAY, "-0.01")
    for number in range(2):
        _close(bot, MONDAY + 40 * DAY, Decimal("99999999.99") - Decimal(number) / 100)

    rollups.roll_up(now=NOW)

    assert _column("profit_factor") == {Decimal("999999.9999"), Decimal(0)}
    assert Decimal("999999.9999") in _column("sharpe_ratio")
    assert BotLog.objects.count() == 1


# Workers.
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_the_rows_of_one(alice: User):
    for _ in range(4):
        each = BotInstanceFactory.create(owner=alice)
        for hours in range(40):
            _close(each, MONDAY + hours * 7 * HOUR, hours % 7 - 3)

    _at_once(3, lambda: rollups.roll_up(now=NOW))
    rollups.roll_up(now=LATER)  # what a worker left to another that held the bot

    assert stored_rows() == direct_rows()
    assert not RollupDirty.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_trades_that_come_in_while_workers_run_are_not_lost(alice: User):
    each = BotInstanceFactory.create(owner=alice)
    _close(each, MONDAY, 1)
    turns = itertools.count()

    def work() -> None:
        is_writer = next(turns) == 0
        for number in range(25):
            if is_writer:
                _close(each, MONDAY + number % 5 * DAY, number - 12)
            else:
                rollups.roll_up(now=NOW)

    _at_once(3, work)
    rollups.roll_up(now=LATER)

    assert stored_rows() == direct_rows()
    assert not RollupDirty.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_worker_that_dies_with_marks_in_hand_loses_none(alice: User):
    each = BotInstanceFactory.create(owner=alice)
    _close_all(each, [5, -3])
    marks = RollupDirty.objects.count()

    def dies() -> None:
        with transaction.atomic():
            assert rollups.roll_up(now=NOW) == marks
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dies()

    assert not PerformanceMetric.objects.exists()
    assert RollupDirty.objects.count() == marks
    rollups.roll_up(now=LATER)
    assert stored_rows() == direct_rows()


@pytest.mark.django_db(transaction=True)
def test_worker_passes_over_a_bot_that_another_holds(alice: User):
    held, free = (BotInstanceFactory.create(owner=alice) for _ in range(2))
    _close(held, MONDAY, 1)
    _close(free, MONDAY, 2)
    counted: list[int] = []

    with transaction.atomic():
        rollups.roll_up(now=NOW, only_bots=[held.pk])
        _at_once(1, lambda: counted.append(rollups.roll_up(now=NOW)))
        seen = {m.bot_instance_id for m in PerformanceMetric.objects.all()}

    assert counted == [1]
    assert seen == {held.pk, free.pk}
    assert stored_rows() == direct_rows()


def test_bot_that_fails_does_not_stop_the_others(
    alice: User, caplog: pytest.LogCaptureFixture
):
    bots = [BotInstanceFactory.create(owner=alice) for _ in range(3)]
    for each in bots:
        _close(each, MONDAY, 1)
    _make_fail(bots[1])

    rollups.roll_up(now=NOW)

    done = {metric.bot_instance_id for metric in PerformanceMetric.objects.all()}
    assert done == {bots[0].pk, bots[2].pk}
    assert {mark.bot_instance_id for mark in RollupDirty.objects.all()} == {bots[1].pk}
    assert f"the roll-up of bot {bots[1].pk} failed" in caplog.text


def test_named_bot_that_fails_leaves_the_others_alone(
    alice: User, caplog: pytest.LogCaptureFixture
):
    bots = [BotInstanceFactory.create(owner=alice) for _ in range(2)]
    for each in bots:
        _close(each, MONDAY, 1)
    _make_fail(bots[0])

    rollups.roll_up(now=NOW, only_bots=[bots[0].pk])

    assert not PerformanceMetric.objects.exists()
    assert RollupDirty.objects.count() == 2


# Doors.
def test_rebuild_removes_rows_that_no_trade_explains(bot: BotInstance):
    _close(bot, MONDAY, 1)
    rollups.roll_up(now=NOW)
    PerformanceMetric.objects.create(
        bot_instance=bot,
        metric_type=MetricType.DAILY,
        period_start=MONDAY + DAY,
        period_end=MONDAY + 2 * DAY,
    )
    PerformanceMetric.objects.filter(metric_type="weekly").update(net_profit=99)

    call_command("rollup", "--all", stdout=StringIO(), stderr=StringIO())

    assert stored_rows() == direct_rows()


def test_command_tells_how_many_marks_it_took(bot: BotInstance):
    _close(bot, MONDAY, 1)
    _close(bot, MONDAY, 2)
    out = StringIO()

    call_command("rollup", stdout=out, stderr=StringIO())

    assert out.getvalue() == "2 dirty hours rolled up\n"


def test_task_keeps_a_record_of_its_run(bot: BotInstance):
    _close(bot, MONDAY, 1)

    assert tasks.roll_up() == 1

    run = JobRun.objects.get()
    assert (run.job, run.count, run.error) == ("analytics.roll_up", 1, "")
    assert run.finished_at
    assert run.finished_at >= run.started_at
    assert stored_rows() == direct_rows()


def test_more_marks_than_one_transaction_takes_are_all_done(bot: BotInstance):
    _close(bot, MONDAY, 1)
    RollupDirty.objects.bulk_create(
        RollupDirty(bot_instance=bot, hour_start=MONDAY + number * HOUR)
        for number in range(rollups.HOURS_PER_TRANSACTION + 5)
    )
    seen: list[int] = []

    taken = rollups.roll_up(now=NOW, on_progress=seen.append)

    assert taken == rollups.HOURS_PER_TRANSACTION + 6
    assert seen == [rollups.HOURS_PER_TRANSACTION, taken]
    assert stored_rows() == direct_rows()


def _close(bot: BotInstance, closed_at: datetime, profit: Any, **fields: Any) -> Trade:
    opened_at = min(closed_at, fields.pop("opened_at", closed_at - 10 * MINUTE))
    costs = {"commission": Decimal(0), "swap": Decimal(0)} | fields
    trade: Trade = ClosedTradeFactory.create(
        bot_instance=bot,
        opened_at=opened_at,
        closed_at=closed_at,
        profit=Decimal(profit),
        **costs,
    )
    return trade


def _close_all(bot: BotInstance, nets: list[Any]) -> None:
    for number, net in enumerate(nets):
        _close(bot, MONDAY + number * MINUTE, net)


@contextmanager
def _undone() -> Iterator[None]:
    """Undo what an example did, also when it fails."""
    savepoint = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(savepoint)


def _make_fail(bot: BotInstance) -> None:
    """Break a bot's rows in the database itself: a trigger refuses them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE 'no room'; END $$;"
            " CREATE TRIGGER refuse BEFORE INSERT ON performance_metrics FOR EACH ROW"
            f" WHEN (NEW.bot_instance_id = '{bot.pk}') EXECUTE FUNCTION refuse()"
        )


def _at_once(count: int, work: Callable[[], Any]) -> None:
    barrier = threading.Barrier(count)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            barrier.wait(timeout=30)
            work()
        except BaseException as error:  # noqa: BLE001 -- told by the test's thread
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert not any(thread.is_alive() for thread in threads)


def _types() -> list[str]:
    return sorted(PerformanceMetric.objects.values_list("metric_type", flat=True))


def _column(name: str) -> set[Any]:
    return set(PerformanceMetric.objects.values_list(name, flat=True))


def _money(metric: PerformanceMetric) -> dict[str, Any]:
    return {name: getattr(metric, name) for name in FIGURES[3:]}
