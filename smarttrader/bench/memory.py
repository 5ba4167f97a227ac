"""How much memory the processes of a running stack hold."""

import signal
import subprocess
import sys
import time

from bots.authentication import issue_token
from smarttrader.bench import bodies
from smarttrader.bench.client import Client
from smarttrader.bench.databases import environment_of
from smarttrader.bench.ground import MANY, Ground
from smarttrader.bench.ingest import EA, TRADES_A_CALL
from smarttrader.bench.report import Row
from smarttrader.bench.server import megabytes_of_family, web_server

WORKER_SECONDS = 8


def measure(ground: Ground) -> list[Row]:
    return [_web(ground), _worker()]


def _web(ground: Ground) -> Row:
    bot = ground.bots()[4]
    with web_server(MANY) as (port, pid):
        client = Client(port, issue_token(bot, now=ground.now).text)
        for _ in range(ground.sizes.batches):
            client.post(f"{EA}/heartbeat", bodies.encoded(bodies.HEARTBEAT))
            told = bodies.told_trades(
                bodies.fresh_tickets(TRADES_A_CALL), ground.last_hour
            )
            client.post(f"{EA}/trades", bodies.encoded({"trades": told}))
        held = megabytes_of_family(pid)
        client.close()
    return Row(
        name="memory of web: one process after large calls, and granian's own",
        took="",
        value=held,
        unit=" MB",
    )


def _worker() -> Row:
    command = [sys.executable, "-m", "celery", "--app", "smarttrader", "--quiet"]
    process = subprocess.Popen(
        [*command, "worker", "--concurrency", "2", "--without-gossip"],
        env=environment_of(MANY),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(WORKER_SECONDS)
        held = megabytes_of_family(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
    return Row(
        name="memory of a worker with two processes, at rest",
        took="",
        value=held,
        unit=" MB",
    )
