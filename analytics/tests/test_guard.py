"""The risk guard: what it pauses, what it lets go, and when it only tells."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest

from accounts.tests.threads import all_at_once
from analytics.services import guard
from analytics.tests.guarded import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    Guarded,
    guarded_bot,
    report,
)
from bots.models import (
    BotCommand,
    BotInstance,
    BotSettings,
    BotSource,
    BotStatus,
    Command,
    GuardBreach,
    GuardKind,
    GuardOutcome,
)
from bots.services.bot_settings import change_settings
from bots.services.commands import queue_command
from bots.services.guard import Finding, trip
from smarttrader.lib.actors import SYSTEM, Actor, ActorType
from trading.models import TradeStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def ea(alice):
    return Guarded(guarded_bot(alice))


def breaches():
    found = GuardBreach.objects.order_by("at", "kind")
    return [(each.kind, str(each.broker_day), each.outcome) for each in found]


def owner_tells(ea, command):
    actor = Actor(ActorType.USER, ea.bot.user_id)
    queue_command(bot=ea.bot, command=command, actor=actor, now=ea.now)


# --- What is a breach -----------------------------------------------------------------
def test_a_loss_beyond_the_limit_pauses_once(ea):
    ea.trade("-100.01")

    assert ea.looked_at() == ["pause"]

    ea.trade(-50)
    assert [ea.looked_at(), ea.looked_at()] == [[], []]
    breach = GuardBreach.objects.get()
    assert (breach.figure, breach.allowed, breach.currency) == (
        Decimal("100.01"),
        100,
        "USD",
    )
    assert BotCommand.objects.get().queued_by_type == ActorType.SYSTEM


def test_a_loss_of_just_the_limit_is_allowed(ea):
    ea.trade(-100)

    assert (ea.looked_at(), breaches()) == ([], [])


def test_floating_counts_for_and_against(ea):
    ea.trade(-60)
    ea.floating = Decimal(-40)
    first = ea.looked_at()
    ea.trade(-60)
    ea.floating = Decimal(20)
    second = ea.looked_at()
    ea.floating = Decimal("19.99")

    assert (first, second, ea.looked_at()) == ([], [], ["pause"])


def test_costs_count(ea):
    report(
        ea.bot,
        "77",
        opened_at=NOON - HOUR,
        closed_at=NOON,
        profit=Decimal(-90),
        commission=Decimal(-7),
        swap=Decimal("-3.01"),
        now=NOON,
    )

    assert ea.looked_at() == ["pause"]


def test_what_is_paid_out_is_no_loss(ea):
    ea.looked_at()
    ea.balance -= 5000

    assert (ea.looked_at(), breaches()) == ([], [])


def test_trades_count_from_their_opening_and_cancelled_orders_do_not(ea):
    for _ in range(10):
        ea.trade(1)
    ea.trade(1, opened=13 * HOUR)  # yesterday
    report(
        ea.bot,
        "99",
        opened_at=NOON,
        closed_at=NOON,
        profit=Decimal(0),
        status=TradeStatus.CANCELLED,
        now=NOON,
    )
    allowed = ea.looked_at()
    report(
        ea.bot, "100", opened_at=ea.now, closed_at=None, profit=Decimal(0), now=ea.now
    )

    assert (allowed, ea.looked_at()) == ([], ["pause"])
    assert breaches() == [("trades_per_day", "2026-03-04", "paused")]
    assert GuardBreach.objects.get().figure == 11


def test_two_limits_at_once_are_two_breaches_and_one_pause(ea):
    BotSettings.objects.update(max_trades_per_day=0)
    ea.trade(-200)

    assert ea.looked_at() == ["pause"]
    assert sorted(breaches()) == [
        ("daily_loss", "2026-03-04", "paused"),
        ("trades_per_day", "2026-03-04", "paused"),
    ]
    assert BotCommand.objects.count() == 1


# --- The broker's day -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("offset", "closed_at", "is_today"),
    [
        (0, datetime(2026, 3, 4, 0, tzinfo=UTC), True),
        (0, datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC), False),
        (120, datetime(2026, 3, 3, 22, tzinfo=UTC), True),
        (120, datetime(2026, 3, 3, 21, 59, 59, tzinfo=UTC), False),
        (-300, datetime(2026, 3, 4, 5, tzinfo=UTC), True),
        (-300, datetime(2026, 3, 4, 4, 59, 59, tzinfo=UTC), False),
        (345, datetime(2026, 3, 3, 18, 15, tzinfo=UTC), True),
        (345, datetime(2026, 3, 3, 18, 14, 59, tzinfo=UTC), False),
    ],
)
def test_a_day_begins_at_the_brokers_midnight(ea, offset, closed_at, is_today):
    report(
        ea.bot,
        "1",
        opened_at=closed_at - 40 * DAY,
        closed_at=closed_at,
        profit=Decimal(-500),
        now=NOON,
    )

    heard = ea.looked_at(utc_offset_minutes=offset)

    assert heard == (["pause"] if is_today else [])


def test_it_lifts_at_the_next_day_of_the_broker(alice):
    ea = Guarded(guarded_bot(alice, utc_offset_minutes=120), NOON + 9 * HOUR)
    ea.trade(-200)
    first = ea.looked_at()
    ea.now = datetime(2026, 3, 4, 21, 58, tzinfo=UTC)

    assert (first, ea.looked_at()) == (["pause"], [])
    assert ea.looked_at() == ["resume"]
    breach = GuardBreach.objects.get()
    assert (breach.lifted_at, breach.lifted_by_type) == (ea.now, "system")
    # Yesterday's loss is not today's.
    assert (ea.looked_at(), len(breaches())) == ([], 1)


def test_it_lifts_over_the_end_of_a_month_and_a_year(alice):
    ea = Guarded(guarded_bot(alice), datetime(2026, 12, 31, 23, 50, tzinfo=UTC))
    ea.trade(-200, opened=70 * DAY)

    assert ea.looked_at() == ["pause"]
    assert ea.looked_at(after=10 * MINUTE) == ["resume"]
    assert ea.looked_at() == []
    ea.trade(-200)
    assert ea.looked_at() == ["pause"]
    assert [day for _, day, _ in breaches()] == ["2026-12-31", "2027-01-01"]


def test_who_is_beyond_a_limit_on_the_new_day_too_is_not_told_to_resume(ea):
    ea.floating = Decimal(-150)
    first = ea.looked_at()

    assert (first, ea.looked_at(after=12 * HOUR)) == (["pause"], [])
    assert breaches() == [
        ("daily_loss", "2026-03-04", "paused"),
        ("daily_loss", "2026-03-05", "paused"),
    ]
    assert GuardBreach.objects.holding().count() == 1
    ea.floating = Decimal(0)
    assert ea.looked_at(after=DAY) == ["resume"]


def test_a_clock_that_goes_back_over_midnight_makes_no_second_day(ea):
    ea.now = datetime(2026, 3, 4, 22, 30, tzinfo=UTC)
    ea.trade(-200, opened=3 * HOUR, closed=HOUR)
    first = ea.looked_at(utc_offset_minutes=60)
    next_day = ea.looked_at(utc_offset_minutes=120)
    ea.trade(-200)

    assert (first, next_day) == (["pause"], ["resume"])
    assert ea.looked_at(utc_offset_minutes=60) == []
    assert len(breaches()) == 1


def test_a_trade_that_is_told_after_its_day_changes_nothing(ea):
    ea.trade(-500, opened=14 * HOUR, closed=13 * HOUR)

    assert (ea.looked_at(), breaches()) == ([], [])


# --- By hand --------------------------------------------------------------------------
def test_a_lift_by_hand_holds_for_the_rest_of_the_day(ea):
    ea.trade(-200)
    ea.looked_at()
    owner_tells(ea, Command.RESUME)

    heard = ea.looked_at()
    ea.trade(-200)

    assert (heard, ea.looked_at()) == (["resume"], [])
    breach = GuardBreach.objects.get()
    assert (breach.lifted_by_type, breach.lifted_by) == ("user", ea.bot.user_id)
    ea.trade(-200)
    assert ea.looked_at(after=12 * HOUR) == []
    ea.trade(-200)
    assert ea.looked_at() == ["pause"]


def test_a_lift_before_the_pause_was_heard_supersedes_it(ea):
    ea.trade(-200)
    ea.beat()
    guard.sweep(now=ea.now)
    owner_tells(ea, Command.RESUME)

    assert ea.looked_at() == ["resume"]
    assert ea.status == BotStatus.RUNNING


@pytest.mark.parametrize("command", [Command.PAUSE, Command.STOP])
def test_what_the_user_told_before_stays(ea, command):
    owner_tells(ea, command)
    ea.trade(-200)
    ea.looked_at()

    assert breaches() == [("daily_loss", "2026-03-04", "resting")]
    assert ea.looked_at(after=12 * HOUR) == []


@pytest.mark.parametrize("command", [Command.PAUSE, Command.STOP])
def test_what_the_user_told_afterwards_stays(ea, command):
    ea.trade(-200)
    ea.looked_at()
    owner_tells(ea, command)
    ea.looked_at()

    heard = ea.looked_at(after=12 * HOUR)

    assert (heard, GuardBreach.objects.holding().count()) == ([], 0)


# --- When it only tells ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"guard_enabled": False}, GuardOutcome.OFF),
        ({"account_currency": "JPY", "limits_currency": "USD"}, "other_currency"),
        ({"account_currency": "", "limits_currency": "USD"}, "other_currency"),
        ({"account_currency": "JPY", "limits_currency": ""}, "never_saved"),
        ({"guard_enabled": False, "limits_currency": ""}, "never_saved"),
    ],
)
def test_it_only_tells(alice, fields, outcome):
    ea = Guarded(guarded_bot(alice, **fields))
    ea.trade(-200)

    assert [ea.looked_at(), ea.looked_at()] == [[], []]
    assert breaches() == [("daily_loss", "2026-03-04", outcome)]
    assert BotCommand.objects.count() == 0


def test_limits_that_nobody_saved_are_told_once_and_not_each_day(alice):
    ea = Guarded(guarded_bot(alice, limits_currency=""))
    for _ in range(3):
        ea.trade(-200)
        ea.looked_at(after=DAY)
        ea.trade(-200)
        ea.looked_at()

    assert len(breaches()) == 1


def test_a_switch_that_is_turned_on_afterwards_does_not_pause_for_what_was_told(ea):
    BotInstance.objects.update(guard_enabled=False)
    ea.trade(-200)
    ea.looked_at()
    change_settings(
        bot=ea.bot, changes={"guard_enabled": True}, actor=SYSTEM, now=ea.now
    )

    assert (ea.looked_at(), len(breaches())) == ([], 1)


@pytest.mark.parametrize(
    "fields", [{"source": BotSource.STATEMENT}, {"released_at": NOON}]
)
def test_who_could_not_hear_is_not_judged(ea, fields):
    ea.trade(-200)
    ea.beat()
    BotInstance.objects.update(**fields)

    assert (guard.sweep(now=ea.now), breaches()) == (0, [])


def test_who_is_silent_is_judged_when_it_beats_again(ea):
    ea.trade(-200)
    ea.beat()

    assert guard.sweep(now=ea.now + 4 * MINUTE) == 0
    assert ea.looked_at(after=5 * MINUTE) == ["pause"]


def test_settings_that_were_changed_meanwhile_are_judged_next_time(ea):
    as_read = BotInstance.objects.get()
    finding = Finding(
        as_read, GuardKind.DAILY_LOSS, NOON.date(), Decimal(200), Decimal(100)
    )
    change_settings(
        bot=ea.bot, changes={"max_daily_loss": "300"}, actor=SYSTEM, now=ea.now
    )

    assert (trip(finding=finding, now=NOON), breaches()) == (False, [])


# --- Drawdown -------------------------------------------------------------------------
@pytest.fixture
def careful(alice):
    """A bot that may fall 10% below its peak, and lose as much as it likes a day."""
    ea = Guarded(guarded_bot(alice, drawdown=10))
    BotSettings.objects.update(max_daily_loss=1_000_000)
    ea.looked_at()
    return ea


def test_a_drawdown_is_measured_from_the_peak(careful):
    careful.trade(2000)
    careful.looked_at()
    careful.floating = Decimal(-1200)
    allowed = careful.looked_at()
    careful.floating = Decimal(-1201)

    assert (allowed, careful.looked_at()) == ([], ["pause"])
    assert breaches() == [("drawdown", "2026-03-04", "paused")]


@pytest.mark.parametrize("paid", [50_000, -5000])
def test_what_is_paid_in_or_out_is_no_drawdown(careful, paid):
    careful.floating = Decimal(-900)
    careful.looked_at()
    careful.balance += paid
    heard = [careful.looked_at() for _ in range(8)]

    # The peak is what 10,000 of then are of the capital of now.
    peak = Decimal(10_000) * (9100 + paid) / 9100
    careful.floating = peak * Decimal("0.901") - careful.balance
    heard.append(careful.looked_at())
    careful.floating = peak * Decimal("0.899") - careful.balance

    assert (heard, careful.looked_at()) == ([[]] * 9, ["pause"])


def test_a_trade_that_is_told_after_the_balance_is_no_payment(careful):
    careful.balance -= 999
    first = careful.looked_at()
    careful.balance += 999
    careful.trade(-999)
    second = careful.looked_at()
    careful.trade(-2)

    assert (first, second, careful.looked_at()) == ([], [], ["pause"])


def test_a_drawdown_is_lifted_and_begins_anew(careful):
    careful.floating = Decimal(-1500)

    assert careful.looked_at() == ["pause"]
    assert careful.looked_at(after=12 * HOUR) == ["resume"]
    assert careful.looked_at(after=DAY) == []
    careful.floating = Decimal(-2351)
    assert careful.looked_at() == ["pause"]


def test_another_limit_begins_anew(careful):
    careful.floating = Decimal(-900)
    careful.looked_at()
    change_settings(
        bot=careful.bot,
        changes={"max_drawdown_percentage": "5"},
        actor=SYSTEM,
        now=careful.now,
    )

    assert careful.looked_at() == []
    careful.floating = Decimal(-1400)
    assert careful.looked_at() == ["pause"]


# --- At once, and again ---------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_pause_once(alice, rounds):
    for _ in range(rounds):
        ea = Guarded(guarded_bot(alice))
        ea.trade(-200)
        ea.beat()
        sweep = partial(guard.sweep, now=ea.now)

        assert sum(all_at_once([sweep, sweep])) == 1
        assert BotCommand.objects.filter(bot_instance=ea.bot).count() == 1
        assert GuardBreach.objects.filter(bot_instance=ea.bot).count() == 1


def test_a_sweep_asks_as_much_of_thirty_bots_as_of_one(alice, count_statements):
    def asked(bots):
        for _ in range(bots):
            ea = Guarded(guarded_bot(alice, drawdown=10))
            ea.trade(-1)
            ea.beat()
        with count_statements() as statements:
            guard.sweep(now=NOON)
        return len(statements)

    assert asked(1) == asked(29) == 6
