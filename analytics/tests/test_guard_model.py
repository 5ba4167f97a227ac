"""The risk guard against a small model, over whatever a bot may live through."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.tests.factories import UserFactory
from analytics.services import guard
from analytics.tests.guarded import NOON, Guarded, guarded_bot, report
from bots.models import BotCommand, BotInstance, BotSettings, Command, GuardBreach
from bots.services.commands import queue_command
from smarttrader.jobs.partitions import BOT_LOGS, TRADES, create_partitions_for
from smarttrader.lib.actors import Actor, ActorType

MOST_LOSS, MOST_TRADES = 100, 3
OFFSETS = [-720, -300, 0, 60, 120, 180, 345, 840]
CENTS = st.integers(-15_000, 9_000).map(lambda cents: Decimal(cents) / 100)

waits = st.tuples(st.just("wait"), st.integers(1, 900))  # minutes
trades = st.tuples(
    # How many minutes ago it opened, how long it lasted, what it made.
    st.just("trade"),
    st.integers(0, 3000),
    st.integers(0, 3000),
    CENTS,
)
beats = st.tuples(st.just("beat"), st.sampled_from(OFFSETS[3:6]), CENTS)
tells = st.tuples(st.just("tell"), st.sampled_from(list(Command)))
events = st.lists(
    st.one_of(waits, trades, trades, beats, beats, tells), min_size=4, max_size=12
)
# Trades that are told as they close, so that the balance tells of them, too.
closings = st.tuples(st.just("close"), st.integers(0, 3000), CENTS)
payments = st.tuples(st.just("pay"), st.integers(-30, 100))  # percent of the equity
moves = st.lists(
    st.one_of(waits, closings, closings, beats, beats, payments, tells),
    min_size=4,
    max_size=12,
)
# A payment is taken for one once it stood for five minutes.
SETTLED = ("wait", 6)
# A peak that payments scaled is kept to a millionth.
CLOSE = Fraction(1, 100_000)


@dataclass
class Model:
    """What the guard should do, from the whole list of trades and nothing else."""

    offset: int
    is_armed: bool
    floating: Decimal = Decimal(0)
    trades: list[tuple[datetime, datetime, Decimal]] = field(default_factory=list)
    passed: set[tuple[str, date]] = field(default_factory=set)
    held: set[date] = field(default_factory=set)  # the days of what holds
    status: str = "running"  # what it was told last, or does
    is_guards: bool = False  # and whether the guard was it
    told: list[str] = field(default_factory=list)
    balance: Decimal = Decimal(10_000)
    peak: Fraction | None = None  # in today's capital
    most_drawdown: int | None = None  # in percent

    @property
    def equity(self) -> Fraction:
        return Fraction(self.balance + self.floating)

    def pay(self, amount: Decimal) -> None:
        before, self.balance = self.equity, self.balance + amount
        if self.peak is not None:
            self.peak *= self.equity / before

    def is_drawn_down(self) -> bool:
        if self.most_drawdown is None:
            return False
        self.peak = max(self.peak or self.equity, self.equity)
        beyond = 100 * (self.peak - self.equity) / self.peak - self.most_drawdown
        assume(beyond == 0 or abs(beyond) > CLOSE)
        if beyond > 0:
            self.peak = self.equity
        return beyond > 0

    def day_of(self, moment: datetime) -> date:
        return (moment + timedelta(minutes=self.offset)).date()

    def tell(self, command: str) -> None:
        self.status = {"pause": "paused", "resume": "running", "stop": "stopped"}[
            command
        ]
        self.is_guards = False
        if command == "resume":
            self.held.clear()

    def sweep(self, now: datetime) -> None:
        today = self.day_of(now)
        closed = [net for _, end, net in self.trades if self.day_of(end) == today]
        opened = [start for start, _, _ in self.trades if self.day_of(start) == today]
        found = {
            "daily_loss": -(sum(closed) + self.floating) > MOST_LOSS,
            "trades_per_day": len(opened) > MOST_TRADES,
            "drawdown": self.is_drawn_down(),
        }
        for kind, is_passed in found.items():
            if is_passed and (kind, today) not in self.passed:
                self.passed.add((kind, today))
                self.hold(today)
        over = {day for day in self.held if day < today}
        self.held -= over
        if over and not self.held and self.is_guards:
            self.tell("resume")
            self.told.append("resume")

    def hold(self, today: date) -> None:
        if not self.is_armed:
            return
        if self.status == "running":
            self.status, self.is_guards = "paused", True
            self.told.append("pause")
        if self.is_guards:
            self.held.add(today)


# An example is a life of days, of some hundred statements.
EXAMPLES = settings(max_examples=max(settings().max_examples // 2, 1))


class GuardFollowsItsModel(TestCase):
    @classmethod
    def setUpTestData(cls):
        # Once, as making them takes longer than all that an example does.
        months = [NOON + timedelta(days=days) for days in range(-40, 80, 20)]
        for table in (TRADES, BOT_LOGS):
            create_partitions_for(table, months, now=months[0])

    @EXAMPLES
    @given(
        events=events,
        offset=st.sampled_from(OFFSETS),
        start=st.integers(0, 60 * 24 * 40),
        currency=st.sampled_from(["USD", "JPY"]),
        is_on=st.sampled_from([True, True, True, False]),
    )
    def test_whatever_happens(self, events, offset, start, currency, is_on):
        bot = guarded_bot(
            UserFactory.create(),
            utc_offset_minutes=offset,
            account_currency=currency,
            limits_currency="USD",
            guard_enabled=is_on,
        )
        BotSettings.objects.update(max_trades_per_day=MOST_TRADES)
        ea = Guarded(bot, NOON.replace(tzinfo=UTC) + timedelta(minutes=start))
        model = Model(offset, is_armed=is_on and currency == "USD")
        live(events, ea, model)

    @EXAMPLES
    @given(
        moves=moves,
        offset=st.sampled_from(OFFSETS),
        start=st.integers(0, 60 * 24 * 40),
        currency=st.sampled_from(["USD", "USD", "JPY"]),
        is_on=st.sampled_from([True, True, True, False]),
        most_drawdown=st.sampled_from([1, 2]),
    )
    def test_however_it_falls_below_its_peak(
        self, moves, offset, start, currency, is_on, most_drawdown
    ):
        bot = guarded_bot(
            UserFactory.create(),
            utc_offset_minutes=offset,
            account_currency=currency,
            limits_currency="USD",
            guard_enabled=is_on,
            drawdown=most_drawdown,
        )
        BotSettings.objects.update(max_trades_per_day=MOST_TRADES)
        ea = Guarded(bot, NOON.replace(tzinfo=UTC) + timedelta(minutes=start))
        is_armed = is_on and currency == "USD"
        model = Model(offset, is_armed, most_drawdown=most_drawdown)
        live(
            [each for move in moves for each in (move, *settling(move))],
            ea,
            model,
        )


def settling(move):
    return [SETTLED] if move[0] == "pay" else []


def live(events, ea, model):
    """Let both live through it, looked at after each event, and compare them."""
    for place, event in enumerate(events):
        play(event, str(place), ea, model)
        ea.beat()
        guard.sweep(now=ea.now)
        ea.beat()
        ea.beat()
        model.sweep(ea.now)
    assert guard.sweep(now=ea.now) == 0
    check(ea, model)


def play(event, ticket, ea, model):
    if event[0] == "wait":
        ea.now += timedelta(minutes=event[1])
    elif event[0] == "beat":
        _, model.offset, ea.floating = event
        model.floating = ea.floating
        ea.beat(utc_offset_minutes=model.offset)
    elif event[0] == "trade":
        _, ago, lasted, net = event
        opened_at = ea.now - timedelta(minutes=ago)
        closed_at = min(opened_at + timedelta(minutes=lasted), ea.now)
        report(
            ea.bot,
            ticket,
            opened_at=opened_at,
            closed_at=closed_at,
            profit=net,
            now=ea.now,
        )
        model.trades.append((opened_at, closed_at, net))
    elif event[0] == "close":
        _, lasted, net = event
        assume(model.equity + Fraction(net) > 0)
        opened_at = ea.now - timedelta(minutes=lasted)
        ea.trade(net, opened=ea.now - opened_at)
        model.trades.append((opened_at, ea.now, net))
        model.balance += net
    elif event[0] == "pay":
        amount = Decimal(int(model.equity * event[1] / 100))
        assume(model.equity + Fraction(amount) > 0)
        ea.balance += amount
        model.pay(amount)
    else:
        actor = Actor(ActorType.USER, ea.bot.user_id)
        queue_command(bot=ea.bot, command=event[1], actor=actor, now=ea.now)
        model.tell(event[1])


def check(ea, model):
    recorded = GuardBreach.objects.filter(bot_instance=ea.bot)
    assert set(recorded.values_list("kind", "broker_day")) == model.passed
    holding = set(recorded.holding().values_list("broker_day", flat=True))
    assert holding == model.held
    of_guard = BotCommand.objects.filter(
        bot_instance=ea.bot, queued_by_type=ActorType.SYSTEM
    )
    told = of_guard.order_by("queued_at", "id").values_list("command", flat=True)
    assert list(told) == model.told
    assert BotInstance.objects.get(pk=ea.bot.pk).status == model.status == ea.status
    assert model.told.count("pause") <= len(model.passed)
