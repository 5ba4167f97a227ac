"""The parts of the simulation: its clock, market, trades, and what an EA sends."""

import itertools
import socket
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from urllib.parse import parse_qs

import pytest

from bots.tests.ea_client import Ea, license_key_of
from smarttrader.lib import clock
from smarttrader.simulation import market as markets
from smarttrader.simulation.advisor import Outages, history_spans
from smarttrader.simulation.client import EaClient, Tally
from smarttrader.simulation.clock import SimulatedClock
from smarttrader.simulation.market import SYMBOLS, Market
from smarttrader.simulation.payloads import FORM, JSON, Dialect, dialect_of
from smarttrader.simulation.roster import (
    SCALPS,
    SWING,
    accounts_of_license,
    hardware_of_license,
)
from smarttrader.simulation.strategy import Trader
from trading.models import Trade

EURUSD, BTCUSD = SYMBOLS["EURUSD"], SYMBOLS["BTCUSD"]
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
FRIDAY_NIGHT = datetime(2026, 3, 6, 22, 30, tzinfo=UTC)
KEY = "SST-AAAAA-BBBBB-CCCCC-DDDDD-00"


def trader_of(place: int = 0, seed: int = 1) -> Trader:
    return Trader(accounts_of_license(KEY, 3)[place], Market(seed), seed)


@pytest.fixture(scope="module")
def swings():
    trader = trader_of()
    swing, _ = trader.account.strategies
    return trader.tickets(swing, MONDAY - timedelta(days=120), MONDAY)


# --- Clock ----------------------------------------------------------------------------
def test_the_clock_starts_in_the_past_and_ends_at_now():
    real = [100.0]
    ours = SimulatedClock(now=MONDAY, minutes=10, speed=60, monotonic=lambda: real[0])
    start = ours.now()
    real[0] += 300
    half = ours.now()
    real[0] += 10_000

    end = ours.now()

    assert start == MONDAY - timedelta(minutes=600)
    assert half == MONDAY - timedelta(minutes=300)
    assert (end, ours.is_over(end), ours.is_over(half)) == (MONDAY, True, False)


def test_a_clock_that_runs_for_ever_goes_on_in_real_time():
    real = [0.0]
    ours = SimulatedClock(
        now=MONDAY, minutes=1, speed=61, for_ever=True, monotonic=lambda: real[0]
    )
    hurried = ours.seconds_until(ours.now() + timedelta(seconds=61))
    real[0] = 1000.0

    later = ours.now()

    assert hurried == pytest.approx(1.0)
    assert later == MONDAY + timedelta(seconds=1000)
    assert ours.seconds_until(later + timedelta(seconds=5)) == pytest.approx(5.0)
    assert not ours.is_over(later)


# --- Market ---------------------------------------------------------------------------
def test_a_price_depends_on_seed_and_moment_alone():
    moments = [MONDAY + timedelta(minutes=minute) for minute in range(0, 3000, 7)]

    forwards = [Market(1).price(EURUSD, at) for at in moments]
    one = Market(1)
    backwards = [one.price(EURUSD, at) for at in reversed(moments)]

    assert forwards == backwards[::-1]
    assert forwards != [Market(2).price(EURUSD, at) for at in moments]


def test_prices_walk_without_jumps_and_stay_plausible():
    market = Market(1)
    minutes = [MONDAY + timedelta(minutes=minute) for minute in range(3 * 1440)]

    prices = [market.price(EURUSD, at) for at in minutes]

    steps = [abs(b / a - 1) for a, b in itertools.pairwise(prices)]
    assert max(steps) < 0.002
    assert sum(steps) / len(steps) == pytest.approx(0.0001, rel=0.5)
    years = [market.price(EURUSD, MONDAY - timedelta(days=n)) for n in range(3000)]
    assert 0.7 < min(years) < max(years) < 1.6


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (MONDAY, True),
        (MONDAY - timedelta(seconds=1), False),
        (FRIDAY_NIGHT, False),
        (FRIDAY_NIGHT - timedelta(hours=2), True),
    ],
)
def test_currencies_rest_at_the_weekend_and_bitcoin_does_not(at, is_open):
    assert markets.is_open(EURUSD, at) == is_open
    assert markets.is_open(BTCUSD, at)


def test_the_ends_of_a_weekend():
    assert markets.next_opening(EURUSD, FRIDAY_NIGHT) == MONDAY + timedelta(days=7)
    closing = markets.last_closing(EURUSD, FRIDAY_NIGHT + timedelta(days=1))
    assert closing == datetime(2026, 3, 6, 20, 59, 30, tzinfo=UTC)


# --- Trades ---------------------------------------------------------------------------
def test_nothing_is_traded_at_the_weekend_and_less_at_night(swings):
    moments = [m for t in swings for m in (t.opened_at, t.closed_at, t.appears_at)]

    assert {moment.weekday() for moment in moments} <= {0, 1, 2, 3, 4}
    hours = Counter(ticket.opened_at.hour for ticket in swings)
    day, night = (sum(hours[h] for h in span) for span in (range(8, 16), range(6)))
    assert day > 3 * night


def test_tickets_do_not_depend_on_where_one_starts(swings):
    trader = trader_of()
    swing, _ = trader.account.strategies
    begin = MONDAY - timedelta(days=30)

    again = trader.tickets(swing, begin, MONDAY)

    assert again == [ticket for ticket in swings if ticket.opened_at >= begin]
    assert trader_of(seed=2).tickets(swing, begin, MONDAY) != again


def test_no_number_is_given_twice_and_all_fit_mt4():
    trader = trader_of()
    numbers = [
        ticket.number
        for strategy in trader.account.strategies
        for ticket in trader.tickets(strategy, MONDAY - timedelta(days=7), MONDAY)
    ]

    assert len(numbers) == len(set(numbers)) > 500
    assert max(numbers) < 2**31


def test_positions_end_in_each_of_the_ways(swings):
    ends = Counter(ticket.closing_comment[:4] for ticket in swings)

    assert ends["[sl]"] > 5
    assert ends["[tp]"] > 5
    assert ends[""] > 50
    assert all(
        t.close_price == t.stop_loss for t in swings if t.closing_comment == "[sl]"
    )


def test_some_positions_are_stopped_out_by_the_broker():
    trader = trader_of()
    _, scalps = trader.account.strategies

    tickets = trader.tickets(scalps, MONDAY - timedelta(days=30), MONDAY)

    stopped_out = [t for t in tickets if t.closing_comment.startswith("so: ")]
    assert stopped_out
    assert all(t.profit < 0 and not t.stop_loss for t in stopped_out)


def test_losing_streaks_happen(swings):
    longest = streak = 0
    for ticket in sorted(swings, key=lambda ticket: ticket.closed_at):
        streak = streak + 1 if ticket.net < 0 else 0
        longest = max(longest, streak)

    assert longest >= 5


def test_a_partial_close_leaves_a_rest_with_the_same_opening(swings):
    by_number = {ticket.number: ticket for ticket in swings}
    rests = [ticket for ticket in swings if ticket.parent is not None]

    assert rests
    for rest in rests:
        first = by_number[rest.parent]
        assert first.closing_comment == f"to #{rest.number}"
        assert rest.comment == f"from #{first.number}"
        assert (rest.opened_at, rest.open_price) == (first.opened_at, first.open_price)
        assert rest.appears_at == first.closed_at
        assert first.lots + rest.lots == first.opened_lots
        assert min(first.lots, rest.lots) >= Decimal("0.01")


def test_no_ticket_outlives_what_its_strategy_says():
    trader = trader_of()
    for strategy in trader.account.strategies:
        tickets = trader.tickets(strategy, MONDAY - timedelta(days=20), MONDAY)
        lives = [ticket.closed_at - ticket.opened_at for ticket in tickets]
        assert timedelta(0) <= min(lives) <= max(lives) <= strategy.longest_life


def test_yen_have_no_decimals():
    trader = trader_of(2)

    tickets = trader.tickets(SWING, MONDAY - timedelta(days=20), MONDAY)

    assert trader.account.currency == "JPY"
    assert all(ticket.net == ticket.net.to_integral_value() for ticket in tickets)


# --- What an EA sends -----------------------------------------------------------------
def test_dialects_differ_in_body_and_time():
    at = datetime(2026, 3, 2, 22, 30, 15, tzinfo=UTC)
    iso, nul, form = (dialect_of(place, 120) for place in range(3))

    assert iso.moment(at) == "2026-03-02T22:30:15+00:00"
    assert nul.moment(at) == form.moment(at) == "2026.03.03 00:30:15"
    assert iso.encode({"a": 1}) == (b'{"a": 1}', JSON)
    assert nul.encode({"a": 1}) == (b'{"a": 1}\0', JSON)
    body, content_type = form.encode({"a": "1 2", "b": "x"})
    assert (parse_qs(body.decode()), content_type) == ({"a": ["1 2"], "b": ["x"]}, FORM)
    assert form.encode({"trades": []})[1] == JSON


@pytest.mark.django_db
@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_ticket_of_a_batch_is_taken_in_each_dialect(alice, place):
    now = clock.now().replace(microsecond=0)
    account = accounts_of_license(KEY, 3)[place]
    trader = Trader(account, Market(1), 1)
    dialect = dialect_of(place, account.utc_offset_minutes)
    ea = Ea()
    ea.activate(
        license_key_of(alice),
        mt4_account=account.number,
        utc_offset_minutes=account.utc_offset_minutes,
        account_currency=account.currency,
    )
    # Until the middle of a day in the week before: some are open, some are closed.
    at = now - timedelta(days=now.weekday() + 4, hours=now.hour - 14)
    tickets = [
        ticket
        for strategy in account.strategies
        for ticket in trader.tickets(strategy, at - timedelta(days=1, hours=9), at)
        if ticket.appears_at <= at
    ][-450:]

    for _ in range(2):
        told = [dialect.trade(trader, ticket, at) for ticket in tickets]
        reply = ea.send("trades", *dialect.encode({"trades": told}))
    single = ea.send("trades", *dialect.encode(told[-1]))

    assert (ea.status, reply["rejected_count"]) == (200, 0)
    assert reply["accepted"] == reply["unchanged"] == len(tickets) > 50
    assert single["unchanged"] == 1
    stored = {trade.ticket_number: trade for trade in Trade.objects.all()}
    assert {(t.opened_at, str(t.number)) for t in tickets} == {
        (trade.opened_at, number) for number, trade in stored.items()
    }
    closed = {str(t.number): t.net for t in tickets if t.closed_at <= at}
    nets = {n: t.net_profit for n, t in stored.items() if t.status == "closed"}
    assert nets == closed


def test_a_license_has_the_same_accounts_however_its_key_is_spelt():
    canonical = KEY.replace("-", "")

    assert accounts_of_license(KEY, 12) == accounts_of_license(canonical.lower(), 12)
    assert hardware_of_license(KEY) == hardware_of_license(canonical)
    assert len({each.number for each in accounts_of_license(KEY, 100)}) == 100


def test_history_reaches_back_to_what_a_former_run_left_open():
    start = MONDAY + timedelta(hours=5, minutes=20)
    long_ago, lately = start - timedelta(days=40), start - timedelta(hours=3)

    fresh = history_spans(SCALPS, start, None)
    resumed = history_spans(SCALPS, start, lately)
    late = history_spans(SCALPS, start, long_ago)

    end = MONDAY + timedelta(hours=5)
    assert fresh == resumed == [(end - timedelta(days=1), end)]
    (earlier, left), recent = late
    assert recent == fresh[0]
    assert earlier <= long_ago - SCALPS.longest_life
    assert left > long_ago


def test_an_outage_lies_inside_a_run_and_repeats_in_an_endless_one():
    run = SimulatedClock(now=MONDAY, minutes=10, speed=60)
    endless = SimulatedClock(now=MONDAY, minutes=2, speed=60, for_ever=True)

    (once,) = Outages.drawn(Random(1), run).spans
    often = Outages.drawn(Random(1), endless).spans

    assert 0 < once[0] < once[1] < 600
    assert len(often) == 1000
    assert often[0][0] > 1200
    assert Outages([(10.0, 20.0)]).left(15.0) == 5.0
    assert Outages([(10.0, 20.0)]).left(25.0) == 0.0


class Answers:
    """A server that gives the answers it was told, in turn."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = answers
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        for answer in self._answers:
            connection, _ = self._listener.accept()
            with connection:
                request = b""
                while b"\r\n\r\n{" not in request or not request.endswith(b"}"):
                    request += connection.recv(65536)
                self.requests.append(request)
                connection.sendall(answer)
        self._listener.close()


def answer(status: int, code: str, *headers: str, more: str = "") -> bytes:
    body = (
        f'{{"code":"{code}","message":"","request_id":"","server_time":1{more}}}'
    ).encode()
    lines = [f"HTTP/1.1 {status} X", "Connection: close", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


class Waits(threading.Event):
    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout)
        return False


def client_of(*answers: bytes) -> tuple[EaClient, Answers, Waits]:
    server, waits = Answers(*answers), Waits()
    random = Random(3)  # whose first draws send nothing twice
    return EaClient(server.url, Dialect(), random=random, stopping=waits), server, waits


def test_overload_is_waited_for_as_told_and_a_failure_with_patience():
    client, server, waits = client_of(
        answer(429, "RATE_LIMITED", "Retry-After: 7"),
        b"",
        answer(500, "SERVER_ERROR"),
        answer(200, "ALIVE"),
    )

    reply = client.call("heartbeat", {"status": "running"})

    assert reply.code == "ALIVE"
    assert len(server.requests) == 4
    assert waits.seconds == [7.0, 1.0, 2.0]
    tally = client.tally
    assert (tally.told_to_wait, tally.lost_connections, tally.server_errors) == (1,) * 3
    assert tally.errors == 1


def test_a_bad_token_is_renewed_once():
    client, server, _ = client_of(
        answer(201, "ACTIVATED", more=',"token":"first"'),
        answer(401, "TOKEN_INVALID"),
        answer(200, "ALREADY_ACTIVATED", more=',"token":"second"'),
        answer(200, "ALIVE"),
    )

    client.activate({"license_key": KEY})
    reply = client.call("heartbeat", {"status": "running"})

    assert reply.code == "ALIVE"
    paths = [request.split()[1].decode() for request in server.requests]
    names = ["activate", "heartbeat", "activate", "heartbeat"]
    assert paths == [f"/api/v1/ea/{name}" for name in names]
    assert b"Authorization: Bearer second" in server.requests[-1]
    assert client.tally.errors == 0


@pytest.mark.parametrize(
    ("status", "errors", "refusals"), [(400, 1, 0), (404, 1, 0), (403, 0, 1)]
)
def test_another_4xx_is_never_repeated(status, errors, refusals):
    client, server, waits = client_of(answer(status, "SOME_CODE"))

    client.call("trades", {"trades": []})

    assert (len(server.requests), waits.seconds) == (1, [])
    assert (client.tally.errors, client.tally.refusals) == (errors, refusals)


def test_tallies_add_up():
    one = Tally(calls=2, trades=3, problems=["a"], problem_count=1)

    both = one + Tally(calls=1, server_errors=1)

    assert both == Tally(
        calls=3, trades=3, server_errors=1, problems=["a"], problem_count=1
    )
    assert both.errors == 2
