"""EAs call all the while, and Valkey dies, Valkey hangs, PostgreSQL restarts."""

import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from smarttrader.devstack import processes
from smarttrader.lib import clock
from smarttrader.tests.live_stack import WEB_PROCESSES, Answer, LiveStack, load

pytestmark = pytest.mark.services

HEARTBEATS_A_MINUTE = 20
TRADE = {
    "symbol": "EURUSD",
    "trade_type": "BUY",
    "lot_size": "0.10",
    "open_price": "1.10000",
}
MANY = "1000000"
# Each round breaks and mends the server once.
ROUNDS = [1, pytest.param(5, marks=pytest.mark.nightly)]
accounts = count(1)
Change = Callable[[LiveStack], None]


@pytest.fixture(scope="module")
def stack() -> Iterator[LiveStack]:
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    folder.chmod(0o755)  # PostgreSQL's own account must pass through
    made = LiveStack(
        folder,
        EA_CALLS_PER_IP=MANY,
        EA_TRADES_PER_BOT=MANY,
        EA_LOGS_PER_BOT=MANY,
        EA_HEARTBEAT_PER_BOT=str(HEARTBEATS_A_MINUTE),
    )
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


@pytest.fixture
def token(stack: LiveStack) -> str:
    return stack.activated(f"account-{next(accounts)}")


def heartbeat(stack: LiveStack, token: str, _number: int) -> Answer:
    return stack.call("heartbeat", token)


def kill(stack: LiveStack) -> None:
    pid = valkey_pid(stack)
    os.kill(pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not processes.is_running(pid), 10)


def start_again(stack: LiveStack) -> None:
    stack.valkey.start()


def stop(stack: LiveStack) -> None:
    os.kill(valkey_pid(stack), signal.SIGSTOP)


def go_on(stack: LiveStack) -> None:
    os.kill(valkey_pid(stack), signal.SIGCONT)


def valkey_pid(stack: LiveStack) -> int:
    return int((stack.valkey.folder / "valkey.pid").read_text())


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize(
    ("fail", "mend"), [(kill, start_again), (stop, go_on)], ids=["killed", "hung"]
)
def test_without_valkey_nobody_is_failed_and_limits_still_bite(
    stack: LiveStack, fail: Change, mend: Change, rounds: int
) -> None:
    for _ in range(rounds):
        token = stack.activated(f"account-{next(accounts)}")
        with load(*[partial(heartbeat, stack, token)] * 6) as heard:
            heard.wait_for(200, 5)
            heard.enter("failed")
            fail(stack)
            heard.wait_for(429, 100)
            heard.enter("mended")
            mend(stack)
            heard.wait_for(429, 100)

        assert {*heard.statuses()} <= {200, 429}
        times = [answer.reply["server_time"] for _, answer in heard.answers]
        windows = (max(times) - min(times)) // 60 + 2
        # In Valkey, and in the memory of each process.
        most = HEARTBEATS_A_MINUTE * (1 + WEB_PROCESSES) * windows
        assert heard.statuses().count(200) <= most


def test_without_postgresql_every_call_says_when_to_come_again(
    stack: LiveStack, token: str
) -> None:
    key = {"license_key": stack.license_key}
    account = {"mt4_account": "1", "broker_name": "B", "hardware_id": "PC-1"}
    stack.postgres.stop()
    try:
        answers = [
            stack.call("activate", **key, **account),
            stack.call("validate", **key),
            stack.call("settings", token, method="GET"),
            *(
                stack.call(name, token)
                for name in ("heartbeat", "trades", "ticks", "logs", "sync")
            ),
            stack.call("deactivate", token),
        ]
    finally:
        stack.postgres.start()

    told = {(answer.status, answer.reply["code"]) for answer in answers}
    assert told == {(503, "UNAVAILABLE")}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_restart_of_postgresql_loses_nothing_that_was_acknowledged(
    stack: LiveStack, token: str, rounds: int
) -> None:
    opened_at = f"{clock.now():%Y.%m.%d %H:%M:%S}"
    acknowledged: dict[str, set[str]] = {"trades": set(), "logs": set()}
    kinds = ("trades", "logs")

    def report(kind: str, worker: int, number: int) -> Answer:
        name = f"{worker}-{number}"
        items = {
            "trades": [{**TRADE, "ticket_number": name, "opened_at": opened_at}],
            "logs": [{"log_level": "INFO", "category": "SYSTEM", "message": name}],
        }
        answer = stack.call(kind, token, **dict[str, Any]({kind: items[kind]}))
        if answer.status == 200:
            assert answer.reply["accepted"] == 1
            acknowledged[kind].add(name)
        return answer

    with load(*[partial(report, kind, n) for n in range(3) for kind in kinds]) as heard:
        heard.wait_for(200, 50)
        for number in range(rounds):
            heard.enter(f"down {number}")
            stack.postgres.stop()
            heard.wait_for(503, 10)
            heard.enter(f"up {number}")
            stack.postgres.start()
            heard.wait_for(200, 100)

    assert Counter(heard.statuses()).keys() == {200, 503}
    assert all(
        int(answer.headers["Retry-After"]) >= 1
        for _, answer in heard.answers
        if answer.status == 503
    )
    assert acknowledged["trades"] <= stack.column("SELECT ticket_number FROM trades")
    assert acknowledged["logs"] <= stack.column("SELECT message FROM bot_logs")
