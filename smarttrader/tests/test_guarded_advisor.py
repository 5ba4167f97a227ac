"""A simulated EA under the risk guard, over real HTTP: it is told, and obeys."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from analytics.services import guard
from bots.models import BotCommand, BotInstance, Command, GuardBreach
from bots.services.bot_settings import change_settings
from bots.services.commands import queue_command
from bots.tests.ea_client import license_key_of
from smarttrader.lib import clock
from smarttrader.lib.actors import Actor, ActorType
from smarttrader.simulation.advisor import Advisor, Assignment
from smarttrader.simulation.clock import SimulatedClock
from smarttrader.simulation.payloads import Dialect
from smarttrader.simulation.roster import (
    SCALPS,
    accounts_of_license,
    hardware_of_license,
)
from smarttrader.simulation.strategy import Account
from trading.models import Trade

pytestmark = pytest.mark.django_db(transaction=True)
HOURS = 6  # that it trades, a simulated one in some real seconds
SPEED = 60.0
PATIENCE_SECONDS = 240
HEARTBEAT_SECONDS = 0.2


class Running:
    """An EA in a thread of its own; `with` ends it."""

    def __init__(self, url: str, owner: User) -> None:
        now = clock.now()
        self.owner = owner
        self.clock = SimulatedClock(now=now, minutes=HOURS * 60 / SPEED, speed=SPEED)
        self._stopping = threading.Event()
        key = license_key_of(owner)
        account = busy_account(key, broker_hour=12 - now.hour)
        advisor = Advisor(
            Assignment(
                account=account,
                dialect=Dialect(account.utc_offset_minutes),
                license_key=key,
                hardware_id=hardware_of_license(key),
            ),
            url=url,
            clock=self.clock,
            seed=1,
            stopping=self._stopping,
            has_limits=False,
            heartbeat_seconds=HEARTBEAT_SECONDS,
        )
        self.tally = advisor.client.tally
        self._thread = threading.Thread(target=advisor.run, daemon=True)

    def __enter__(self) -> "Running":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()
        self._thread.join(PATIENCE_SECONDS)

    @property
    def bot(self) -> BotInstance:
        return BotInstance.objects.get()

    def wait_until(self, is_so: Callable[[], Any], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert self._thread.is_alive(), f"it ended: {self.tally}"
            assert time.monotonic() < deadline, f"in vain: {what}"
            time.sleep(0.05)

    def wait_for_status(self, status: str) -> None:
        self.wait_until(lambda: self.bot.status == status, status)

    def wait_for_openings(self) -> None:
        since = self.clock.now()
        self.wait_until(lambda: opened_since(since) > 0, "an opened trade")

    def opened_within(self, simulated: timedelta) -> int:
        """Return how many trades it opens in a while of its clock."""
        since = self.clock.now()
        self.wait_until(lambda: self.clock.now() >= since + simulated, f"{simulated}")
        heartbeats = self.tally.heartbeats
        self.wait_until(lambda: self.tally.heartbeats > heartbeats + 1, "a round")
        return opened_since(since)

    def guard(self) -> None:
        """Let its owner allow no trade a day, and switch the guard on."""
        self._wait_for_bot()
        limits = {
            "max_trades_per_day": 1,
            "max_daily_loss": "1000000",
            "limits_currency": self.bot.account_currency,
            "guard_enabled": True,
        }
        change_settings(
            bot=self.bot, changes=limits, actor=self._actor, now=clock.now()
        )

    def resume_by_hand(self) -> None:
        queue_command(
            bot=self.bot, command=Command.RESUME, actor=self._actor, now=clock.now()
        )

    @property
    def _actor(self) -> Actor:
        return Actor(ActorType.USER, self.owner.pk)

    def _wait_for_bot(self) -> None:
        heard = BotInstance.objects.filter(last_heartbeat__isnull=False)
        self.wait_until(heard.exists, "a heartbeat")
        self.wait_until(Trade.objects.exists, "a trade")


def opened_since(moment: datetime) -> int:
    """Count openings; what is left of a partial close is of its position's."""
    return Trade.objects.filter(opened_at__gt=moment).count()


def busy_account(key: str, *, broker_hour: int) -> Account:
    """Return an account that trades bitcoin, which never rests, each few seconds.

    By its broker's clock it is noon or so: no day ends while the test runs.
    """
    strategy = replace(
        SCALPS, symbols=("BTCUSD",), trades_per_day=2000, is_flat_at_weekends=False
    )
    (account,) = accounts_of_license(key, 1)
    return replace(account, strategies=(strategy,), utc_offset_minutes=broker_hour * 60)


@pytest.fixture
def ea(alice, live_server, no_limits):
    with Running(live_server.url, alice) as running:
        running.guard()
        yield running


def told():
    commands = BotCommand.objects.order_by("queued_at", "id")
    return [(each.command, each.queued_by_type) for each in commands]


def sweep(*, later: timedelta = timedelta(0)) -> int:
    return guard.sweep(now=clock.now() + later)


def test_it_opens_nothing_once_it_was_told_to_pause_until_its_next_day(ea):
    ea.wait_for_openings()

    assert sweep() == 1
    ea.wait_for_status("paused")
    # It was paused once, and no look makes it flap.
    assert [sweep(), ea.opened_within(timedelta(minutes=30)), sweep()] == [0, 0, 0]
    assert told() == [("pause", "system")]
    assert sweep(later=timedelta(days=1)) == 1
    ea.wait_for_status("running")
    ea.wait_for_openings()

    assert told() == [("pause", "system"), ("resume", "system")]
    assert GuardBreach.objects.holding().count() == 0
    assert ea.tally.problems == []


def test_it_trades_on_that_day_when_it_is_let_go_by_hand(ea):
    sweep()
    ea.wait_for_status("paused")

    ea.resume_by_hand()
    ea.wait_for_status("running")
    ea.wait_for_openings()

    # The same limit does not pause it again that day.
    assert sweep() == 0
    breach = GuardBreach.objects.get()
    assert (breach.outcome, breach.lifted_by_type) == ("paused", "user")
    assert told() == [("pause", "system"), ("resume", "user")]
    assert ea.tally.problems == []
