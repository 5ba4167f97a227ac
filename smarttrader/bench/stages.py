"""Where the time of one heartbeat goes: each stage by itself, and what remains."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponseBase

from bots.authentication import issue_token, read_token
from bots.ea_fields import heard_keys, heartbeat_of
from bots.models import BotInstance
from bots.queries import running_bot
from bots.services.heartbeats import record_heartbeat
from smarttrader.bench.bodies import HEARTBEAT, encoded
from smarttrader.bench.client import Client
from smarttrader.bench.ground import MANY, Ground
from smarttrader.bench.heartbeats import EA
from smarttrader.bench.measuring import Run, interleaved, times
from smarttrader.bench.server import web_server
from smarttrader.lib.ea.body import read_body
from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.replies import reply
from smarttrader.lib.rate_limits import Limit, count_calls
from smarttrader.lib.requests import TolerantRequest

MICROSECONDS = 10**6
URLS = "smarttrader.bench.urls"


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    seconds: float


def measure(ground: Ground) -> list[Stage]:
    """Time a call over HTTP, in this process, and each of its parts alone."""
    bot = ground.bots()[1]
    token, calls = issue_token(bot, now=ground.now).text, ground.sizes.calls
    settings.ROOT_URLCONF = URLS
    settings.DEBUG = False  # as the server has it
    with web_server(MANY) as (port, _):
        client, body = Client(port, token), encoded(HEARTBEAT)
        runs: dict[str, Run] = {
            "http": lambda: client.post(f"{EA}/heartbeat", body),
            "http empty": lambda: client.post(f"{EA}/bench/empty", body),
            **_runs_here(bot, token, ground),
        }
        took = interleaved(
            {name: times(calls, run) for name, run in runs.items()},
            ground.sizes.repetitions,
        )
        client.close()
    return _stages({name: seconds / calls for name, seconds in took.items()})


def _runs_here(bot: BotInstance, token: str, ground: Ground) -> dict[str, Run]:
    handler = WSGIHandler()
    handler.load_middleware()
    running = running_bot(bot.pk, ground.now)
    assert running is not None  # noqa: S101
    told = Fields(read_body(_request("heartbeat", token)))
    beat = heartbeat_of(told)
    heard = record_heartbeat(bot=bot, beat=beat, now=ground.now)

    limits = [(Limit("bench", 10**9), "address"), (Limit("bench.bot", 10**9), "bot")]

    def handled(path: str) -> HttpResponseBase:
        return handler.get_response(_request(path, token))

    def replied() -> HttpResponseBase:
        keys = heard_keys(heard, running.standing)
        request = _request("heartbeat", token)
        return reply(
            request, status=200, code="ALIVE", message="", now=ground.now, **keys
        )

    return {
        "here": lambda: handled("heartbeat"),
        "here empty": lambda: handled("bench/empty"),
        "two limits": lambda: count_calls(limits),
        "body": lambda: read_body(_request("heartbeat", token)),
        "token": lambda: read_token(token, now=ground.now),
        "query": lambda: running_bot(bot.pk, ground.now),
        "fields": lambda: heartbeat_of(told),
        "update": lambda: record_heartbeat(bot=bot, beat=beat, now=ground.now),
        "reply": replied,
    }


def _request(path: str, token: str) -> HttpRequest:
    body = encoded(HEARTBEAT)
    return TolerantRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": f"{EA}/{path}",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1:8000",
            "HTTP_AUTHORIZATION": f"Bearer {token}",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
    )


def _stages(took: Mapping[str, float]) -> list[Stage]:
    named = {
        "granian, the socket and the client": took["http empty"] - took["here empty"],
        "middleware, routing, an empty view": took["here empty"],
        "two rate limits in Valkey": took["two limits"],
        "reading the body": took["body"],
        "checking the token's signature": took["token"],
        "bot, license and owner: one query": took["query"],
        "reading the fields": took["fields"],
        "the UPDATE and its transaction": took["update"],
        "writing the reply": took["reply"],
    }
    named["what remains: APIView, pool, headers"] = took["http"] - sum(named.values())
    return [
        *(Stage(name, seconds) for name, seconds in named.items()),
        Stage("one heartbeat over HTTP", took["http"]),
    ]


def table(stages: list[Stage]) -> str:
    whole = stages[-1].seconds
    lines = ["| where the time of one heartbeat goes | µs | share |", "|---|---|---|"]
    for stage in stages:
        share = f"{100 * stage.seconds / whole:.0f} %"
        lines.append(
            f"| {stage.name} | {stage.seconds * MICROSECONDS:,.0f} | {share} |"
        )
    return "\n".join(lines)
