"""A simulated EA: activates, re-sends its history, then trades and reports."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from smarttrader.simulation.chance import seed_of
from smarttrader.simulation.client import OK, EaClient, GivenUp, Reply, Stopped
from smarttrader.simulation.clock import SimulatedClock
from smarttrader.simulation.market import Market
from smarttrader.simulation.payloads import Dialect
from smarttrader.simulation.strategy import (
    HOUR,
    Account,
    Strategy,
    Ticket,
    Trader,
    hour_of,
)

EA_VERSION = "simulated 1.0"
BATCH = 500
SINGLES = 2  # so few reports are sent one by one
HISTORY = timedelta(days=1)
HEARTBEAT_SECONDS = 20.0
ROUND_SECONDS = 2.0
TICK_SECONDS = 5.0  # real ones; simulated ones are `speed` times as many ...
LONGEST_TICK = timedelta(minutes=30)  # ... but no more than these
TICKS_ARE_KEPT = timedelta(days=360)
RETRY_SECONDS = 10.0
STATUS_OF_COMMAND = {"pause": "paused", "resume": "running", "stop": "stopped"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """An account, under which license it runs, and what is known of it already.

    `known_until` is when another run last sent something; `opening_balance` is the
    balance before the history that this run sends.
    """

    account: Account
    dialect: Dialect
    license_key: str
    hardware_id: str
    known_until: datetime | None = None
    opening_balance: Decimal | None = None


@dataclass(slots=True)
class Outages:
    """When the EA's computer has no connection, in real seconds since the start."""

    spans: list[tuple[float, float]] = field(default_factory=list)

    @classmethod
    def drawn(cls, random: Random, clock: SimulatedClock) -> "Outages":
        if not clock.for_ever:
            length = min(200.0, clock.run_seconds * 0.12)
            start = clock.run_seconds * random.uniform(0.3, 0.8)
            return cls([(start, start + length)])
        spans, start = [], 0.0
        for _ in range(1000):
            start += random.uniform(25, 90) * 60
            spans.append((start, start + random.uniform(40, 260)))
        return cls(spans)

    def left(self, elapsed: float) -> float:
        """Return how many seconds the present outage still lasts; 0 without one."""
        return max(
            (end - elapsed for start, end in self.spans if start <= elapsed < end),
            default=0.0,
        )


class Advisor:
    def __init__(
        self,
        assignment: Assignment,
        *,
        url: str,
        clock: SimulatedClock,
        seed: int,
        stopping: threading.Event,
        has_limits: bool = True,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._assignment = assignment
        self._clock = clock
        self._has_limits = has_limits
        self._heartbeat_seconds = heartbeat_seconds
        account = assignment.account
        random = Random(seed_of(seed, account.number, "ea"))  # noqa: S311
        self._trader = Trader(account, Market(seed), seed)
        self._dialect = assignment.dialect
        self._outages = Outages.drawn(random, clock)
        self.client = EaClient(url, self._dialect, random=random, stopping=stopping)
        self._tick_step = _tick_step(clock)
        self._next_tick = max(clock.start, clock.present - TICKS_ARE_KEPT)
        self._next_heartbeat = 0.0
        self._loaded_until: dict[str, datetime] = {}
        self._tickets: dict[int, Ticket] = {}  # those that are not over yet
        self._reported: set[int] = set()
        self._over: list[Ticket] = []  # reported to be closed in this round
        self._refused: list[Ticket] = []  # under a lapsed license: told once it is good
        self._balance = Decimal(account.deposit)
        self._may_open = True
        self._status = "running"

    def run(self) -> None:
        """Trade until the clock is over or somebody asks to stop."""
        try:
            while not self._is_activated():
                self.client.wait(RETRY_SECONDS)
            self._recall_history()
            while True:
                at = self._clock.now()
                if self._try_round(at) and self._clock.is_over(at):
                    return
                self._pause()
        except Stopped:
            return
        finally:
            self.client.close()

    def _is_activated(self) -> bool:
        """Activate. A bot that may not run ends here, with its problem noted."""
        try:
            reply = self.client.activate(self._activation())
        except GivenUp:
            return False
        if not reply.values.get("token"):
            raise Stopped
        self._heed(reply)
        return True

    def _activation(self) -> dict[str, Any]:
        account = self._assignment.account
        return {
            "license_key": self._assignment.license_key,
            "mt4_account": account.number,
            "broker_name": account.broker,
            "broker_server": account.server,
            "hardware_id": self._assignment.hardware_id,
            "instance_name": account.name,
            "is_live": "true" if account.is_live else "false",
            "ea_version": EA_VERSION,
            "utc_offset_minutes": account.utc_offset_minutes,
            "account_currency": account.currency,
        }

    # --- The market's side ------------------------------------------------------------
    def _recall_history(self) -> None:
        """Load what the terminal's history shows: it is sent with the first round."""
        start = self._clock.start
        for strategy in self._assignment.account.strategies:
            known_until = self._assignment.known_until
            for begin, end in history_spans(strategy, start, known_until):
                self._load(strategy, begin, end)
            self._loaded_until[strategy.name] = hour_of(start)
        if self._assignment.opening_balance is not None:
            self._balance = self._assignment.opening_balance

    def _load(self, strategy: Strategy, start: datetime, end: datetime) -> None:
        for ticket in self._trader.tickets(strategy, start, end):
            self._tickets[ticket.number] = ticket

    def _load_hours_until(self, at: datetime) -> None:
        for strategy in self._assignment.account.strategies:
            start = self._loaded_until[strategy.name]
            self._load(strategy, start, at)
            self._loaded_until[strategy.name] = max(start, hour_of(at) + HOUR)

    # --- The server's side ------------------------------------------------------------
    def _try_round(self, at: datetime) -> bool:
        """Report what is new; tell whether all of it arrived."""
        left = self._outages.left(self._clock.elapsed)
        if left and not self._clock.is_over(at):
            self.client.wait(left)
            at = self._clock.now()
        try:
            self._report_trades(at)
            self._report_ticks(at)
            if self._clock.elapsed >= self._next_heartbeat or self._clock.is_over(at):
                self._beat(at)
        except GivenUp:
            return False
        return True

    def _report_trades(self, at: datetime) -> None:
        self._load_hours_until(at)
        self._forget_unopened(at)
        due = [ticket for ticket in self._tickets.values() if self._is_due(ticket, at)]
        due.sort(key=lambda ticket: (min(ticket.closed_at, at), ticket.number))
        size = BATCH if len(due) > SINGLES else 1
        for first in range(0, len(due), size):
            self._send_trades(due[first : first + size], at, is_single=size == 1)

    def _is_due(self, ticket: Ticket, at: datetime) -> bool:
        is_new = ticket.appears_at <= at and ticket.number not in self._reported
        return is_new or ticket.closed_at <= at

    def _forget_unopened(self, at: datetime) -> None:
        """Open nothing while the license or the owner says no."""
        if self._may_open and self._status == "running":
            return
        for ticket in list(self._tickets.values()):
            is_new = ticket.appears_at <= at and ticket.number not in self._reported
            if is_new and ticket.parent not in self._reported:
                del self._tickets[ticket.number]

    def _send_trades(
        self, tickets: list[Ticket], at: datetime, *, is_single: bool
    ) -> None:
        told = [self._dialect.trade(self._trader, ticket, at) for ticket in tickets]
        reply = self.client.call("trades", told[0] if is_single else {"trades": told})
        self._check_items(reply, len(told), "trades")
        self.client.tally.trades += len(told)
        refused = _refused_numbers(reply)
        for ticket in tickets:
            if ticket.number in refused:
                self._refused.append(self._tickets.pop(ticket.number))
                continue
            self._reported.add(ticket.number)
            if ticket.closed_at <= at:
                self._balance += ticket.net
                self._over.append(self._tickets.pop(ticket.number))

    def _report_ticks(self, at: datetime) -> None:
        told = []
        while self._next_tick <= at:
            told += [
                self._dialect.tick(self._trader, ticket, self._next_tick)
                for ticket in (*self._over, *self._tickets.values())
                if ticket.number in self._reported
                and ticket.appears_at <= self._next_tick < ticket.closed_at
            ]
            self._next_tick += self._tick_step
        self._over.clear()
        for first in range(0, len(told), BATCH):
            ticks = told[first : first + BATCH]
            fields = ticks[0] if len(ticks) == 1 else {"ticks": ticks}
            self._check_items(self.client.call("ticks", fields), len(ticks), "ticks")
            self.client.tally.ticks += len(ticks)

    def _check_items(self, reply: Reply, count: int, name: str) -> None:
        values = reply.values
        accepted = values.get("accepted", 0)
        if reply.status != OK:
            return
        parts = [values.get(key, 0) for key in ("created", "updated", "unchanged")]
        if accepted != count or values.get("rejected_count") or sum(parts) != accepted:
            self.client.tally.note_problem(f"{name}: {accepted} of {count}: {values}")

    def _beat(self, at: datetime) -> None:
        opened = [
            ticket
            for ticket in self._tickets.values()
            if ticket.number in self._reported and ticket.closed_at > at
        ]
        floating = [self._trader.floating(ticket, at) for ticket in opened]
        beat = self._dialect.heartbeat(
            status=self._status,
            balance=self._balance,
            equity=self._balance + sum(floating),
            open_trades=len(opened),
        )
        self._heed(self.client.call("heartbeat", beat))
        self.client.tally.heartbeats += 1
        self._next_heartbeat = self._clock.elapsed + self._heartbeat_seconds

    def _heed(self, reply: Reply) -> None:
        """Do as the server says: what may be opened, and whether to pause."""
        self._may_open = reply.values.get("open_new", self._may_open) is True
        if self._may_open:
            self._tickets |= {ticket.number: ticket for ticket in self._refused}
            self._refused.clear()
        command = str(reply.values.get("command", ""))
        self._status = STATUS_OF_COMMAND.get(command, self._status)

    def _pause(self) -> None:
        """Sleep until something is due, and between rounds where limits count."""
        at = self._clock.now()
        events = [
            moment
            for ticket in self._tickets.values()
            for moment in (ticket.appears_at, ticket.closed_at)
            if moment > at
        ]
        soonest = min([*events, self._next_tick, hour_of(at) + HOUR])
        seconds = min(
            self._clock.seconds_until(soonest),
            max(self._next_heartbeat - self._clock.elapsed, 0.0),
        )
        self.client.wait(max(seconds, ROUND_SECONDS if self._has_limits else 0.001))


def _refused_numbers(reply: Reply) -> set[int]:
    """Return the new tickets that a lapsed license kept out."""
    if reply.status == OK:
        return set()
    rejected = reply.values.get("rejected", [])
    return {int(item["ticket_number"]) for item in rejected if item["ticket_number"]}


def _tick_step(clock: SimulatedClock) -> timedelta:
    speed = 4 if clock.for_ever else clock.speed
    return min(timedelta(seconds=TICK_SECONDS * speed), LONGEST_TICK)


def history_spans(
    strategy: Strategy, start: datetime, known_until: datetime | None
) -> list[tuple[datetime, datetime]]:
    """Return the spans to re-send: the last day, and all that may still be open.

    What another run left open began before it stopped, which may be long ago.
    """
    end = hour_of(start)
    begin = end - max(HISTORY, strategy.longest_life)
    if known_until is None:
        return [(begin, end)]
    left = hour_of(known_until) + HOUR
    earlier = left - HOUR - strategy.longest_life
    if left < begin:
        return [(earlier, left), (begin, end)]
    return [(min(earlier, begin), end)]
