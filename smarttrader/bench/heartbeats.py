"""A heartbeat over HTTP: against an empty view, the yardstick, and its UPDATE alone."""

from typing import Any

from bots.authentication import issue_token
from bots.models import BotInstance
from bots.services.heartbeats import Heartbeat, record_heartbeat
from smarttrader.bench.bodies import HEARTBEAT, encoded
from smarttrader.bench.client import Client
from smarttrader.bench.databases import raw_connection, statements
from smarttrader.bench.ground import MANY, Ground
from smarttrader.bench.measuring import interleaved, times
from smarttrader.bench.report import Row, at_least, ratio
from smarttrader.bench.server import web_server

EA = "/api/v1/ea"


def measure(ground: Ground) -> list[Row]:
    bot, calls = ground.bots()[1], ground.sizes.calls
    update, values = _update_of(bot, ground)
    body = encoded(HEARTBEAT)
    with web_server(MANY) as (port, _), raw_connection(MANY) as raw:
        raw.execute("SET synchronous_commit = off")
        client = Client(port, issue_token(bot, now=ground.now).text)
        took = interleaved(
            {
                "ours": times(calls, lambda: client.post(f"{EA}/heartbeat", body)),
                "empty": times(calls, lambda: client.post(f"{EA}/bench/empty", body)),
                "idiomatic": times(
                    calls, lambda: client.post(f"{EA}/bench/heartbeat", body)
                ),
                "update": times(calls, lambda: raw.execute(update, values)),
            },
            ground.sizes.repetitions,
        )
        client.close()
    name = "heartbeat"
    return [
        ratio(
            *(name, took["ours"], "an empty view", took["empty"]),
            target=at_least(0.2),
            per=calls,
        ),
        ratio(
            *(name, took["ours"], "the idiomatic view", took["idiomatic"]),
            target=at_least(3),
            per=calls,
        ),
        ratio(name, took["ours"], "its UPDATE in a loop", took["update"], per=calls),
    ]


def _update_of(bot: BotInstance, ground: Ground) -> tuple[str, Any]:
    """Return the statement that a heartbeat runs, with its values."""
    with statements() as asked:
        record_heartbeat(bot=bot, beat=Heartbeat(), now=ground.now)
    return next((text, values) for text, values, _ in asked if "UPDATE" in text)
