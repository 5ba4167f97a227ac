"""The recorded requests, through a socket: what they are answered, what is stored."""

import json
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bots.models import BotInstance
from bots.tests.ea_client import Ea, license_key_of
from smarttrader.lib import clock
from smarttrader.tests import recorded_requests as recorded
from trading.models import Trade, TradeHistory

FILES = {path.stem: path for path in recorded.FOLDER.glob("*.http")}


@dataclass(frozen=True)
class Expected:
    status: int
    code: str
    stored: list[tuple[Any, ...]] = field(default_factory=list)


def closed(comment: str) -> list[tuple[Any, ...]]:
    """Return the trade that most recordings tell, once it is stored."""
    opened_at = datetime(2026, 3, 2, 8, 0, 5, tzinfo=UTC)
    return [("70001", "BUY", "closed", opened_at, "19.30", comment)]


def opened(ticket: str, trade_type: str, status: str, at: str) -> tuple[Any, ...]:
    return (ticket, trade_type, status, datetime.fromisoformat(at), "None", "")


EXPECTED = {
    "activate-json": Expected(201, "ACTIVATED"),
    "activate-form": Expected(201, "ACTIVATED"),
    "heartbeat-form": Expected(200, "ALIVE", [("10250.56", "10100.00")]),
    "heartbeat-nbsp": Expected(200, "ALIVE", [("10250.55", "1.00")]),
    "heartbeat-plain-text": Expected(200, "ALIVE", [("7.50", "None")]),
    "heartbeat-token-in-body": Expected(200, "ALIVE", [("None", "42.00")]),
    "heartbeat-get": Expected(405, "METHOD_NOT_ALLOWED"),
    "trades-json": Expected(200, "OK", closed("grid #7")),
    "trades-wrong-type": Expected(200, "OK", closed("grid #7")),
    "trades-bare-list": Expected(
        *(200, "OK"),
        [
            opened("70001", "BUY", "open", "2026-03-02T08:00:00Z"),
            opened("70002", "SELL", "open", "2026-03-02T10:00:05Z"),
        ],
    ),
    "trades-cp1251": Expected(200, "OK", closed("Сетка №7")),
    "trades-cp932": Expected(200, "OK", closed("売り予")),
    "trades-gbk": Expected(200, "OK", closed("止损誠")),
    "trades-cp1252": Expected(200, "OK", closed("für 10 €")),
    "trades-form-cp1251": Expected(
        *(200, "OK"),
        [(*opened("70001", "SELL", "open", "2026-03-02T08:00:05Z")[:5], "Сетка")],
    ),
    "trades-iso-times": Expected(
        *(200, "OK"),
        [
            (
                *opened("a<b>c 1", "SELL", "closed", "2026-03-02T04:30:05Z")[:4],
                *("-1000.01", ""),
            )
        ],
    ),
    "trades-history": Expected(
        *(200, "OK"),
        [
            *closed(""),
            (*opened("70002", "SELL", "open", "2026-03-02T08:00:00Z")[:4], "3.10", ""),
            opened("70003", "SELL", "cancelled", "2026-03-02T08:00:00Z"),
        ],
    ),
    "ticks-epoch": Expected(200, "OK", [("70001", "1.10000", "-0.13")]),
    "deactivate-empty": Expected(200, "DEACTIVATED"),
    "trades-left-over": Expected(400, "MALFORMED_BODY"),
    "trades-cut-off": Expected(400, "MALFORMED_BODY"),
    "trades-no-length": Expected(411, "LENGTH_REQUIRED"),
    "trades-compressed": Expected(415, "UNSUPPORTED_ENCODING"),
    "trades-too-large": Expected(413, "TOO_LARGE"),
    "orders-unknown": Expected(404, "NOT_FOUND"),
    "trades-old-token": Expected(401, "TOKEN_INVALID"),
}


class Wire:
    """Sends recordings, with a license and a bot of its own in them."""

    def __init__(self, live_server: Any, key: str) -> None:
        self.address = (live_server.thread.host, live_server.thread.port)
        self.key = key.encode()
        self.token = b""
        self.moment = clock.now() - timedelta(days=2)

    def activate(self) -> Ea:
        ea = Ea()
        ea.activate(self.key.decode(), utc_offset_minutes=120)
        self.token = ea.token.encode()
        return ea

    def send(self, name: str) -> tuple[int, dict[str, str], str]:
        with socket.create_connection(self.address, timeout=30) as connection:
            connection.sendall(self._filled_in(FILES[name].read_bytes()))
            with connection.makefile("rb") as answer:
                status = int(answer.readline().split()[1])
                headers = dict(_header(line) for line in iter(answer.readline, b"\r\n"))
                content = answer.read(int(headers["content-length"]))
        return status, headers, content.decode("ascii")

    def _filled_in(self, request: bytes) -> bytes:
        values = {
            recorded.KEY: self.key,
            recorded.BARE_KEY: self.key.replace(b"-", b"").lower(),
            recorded.TOKEN: self.token or recorded.TOKEN,
            recorded.MOMENT: str(int(self.moment.timestamp())).encode(),
        }
        for placeholder, value in values.items():
            assert len(value) == len(placeholder)
            request = request.replace(placeholder, value)
        return request


@pytest.fixture
def wire(alice, live_server):
    return Wire(live_server, license_key_of(alice))


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode("ascii").partition(":")
    return name.lower(), value.strip()


def _values(headers: dict[str, str], text: str) -> dict[str, Any]:
    if "json" in headers["content-type"]:
        values: dict[str, Any] = json.loads(text)
        return values
    return dict(line.split("=", 1) for line in text.splitlines())


def _stored(name: str) -> list[tuple[Any, ...]]:
    if name.startswith("heartbeat"):
        beats = BotInstance.objects.exclude(last_heartbeat=None)
        return [(str(bot.balance), str(bot.equity)) for bot in beats]
    if name.startswith("ticks"):
        return [_row_of_tick(tick) for tick in TradeHistory.objects.all()]
    return [_row_of_trade(trade) for trade in Trade.objects.order_by("ticket_number")]


def _row_of_tick(tick: TradeHistory) -> tuple[Any, ...]:
    figures = str(tick.current_price), str(tick.unrealized_profit)
    return (tick.trade.ticket_number, *figures)


def _row_of_trade(trade: Trade) -> tuple[Any, ...]:
    kind = trade.ticket_number, trade.trade_type, trade.status
    return (*kind, trade.opened_at, str(trade.net_profit), trade.comment)


def test_the_files_are_what_the_writer_writes():
    written = {name: path.read_bytes() for name, path in FILES.items()}

    assert written == recorded.REQUESTS
    assert set(EXPECTED) == set(FILES)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_request_is_answered_and_stored(name, wire):
    expected = EXPECTED[name]
    if not name.startswith("activate"):
        ea = wire.activate()
    if name.startswith("ticks"):
        opened_at = int(wire.moment.timestamp())
        trade = {"ticket_number": 70001, "symbol": "EURUSD", "trade_type": 0}
        ea.call("trades", **trade, lot_size=1, open_price=1, opened_at=opened_at)

    status, headers, text = wire.send(name)

    values = _values(headers, text)
    assert (status, values["code"]) == (expected.status, expected.code)
    assert headers["cache-control"] == "no-store"
    assert list(values)[:4] == ["code", "message", "request_id", "server_time"]
    assert _stored(name) == expected.stored


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["activate-json", "activate-form"])
def test_a_recorded_activation_makes_a_bot(name, wire):
    _, headers, text = wire.send(name)

    bot = BotInstance.objects.get()
    assert (bot.mt4_account, bot.broker_name, bot.is_live) == (
        *("900100", "Example Markets"),
        False,
    )
    assert _values(headers, text)["bot_id"] == str(bot.pk)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", [each for each in EXPECTED if "trades-" in each])
def test_a_request_that_is_sent_again_changes_nothing(name, wire):
    wire.activate()
    wire.send(name)
    before = list(Trade.objects.order_by("pk").values())

    status, _, _ = wire.send(name)

    assert status == EXPECTED[name].status
    assert list(Trade.objects.order_by("pk").values()) == before


@pytest.mark.django_db(transaction=True)
def test_a_plain_reply_is_lines_of_ascii(wire):
    wire.activate()

    _, headers, text = wire.send("heartbeat-plain-text")

    assert headers["content-type"] == "text/plain; charset=us-ascii"
    assert text.splitlines()[4] == "nonce=12"
    assert text.endswith("\n")


@pytest.mark.django_db(transaction=True)
def test_a_wrong_method_is_told_the_right_one(wire):
    wire.activate()

    _, headers, _ = wire.send("heartbeat-get")

    assert headers["allow"] == "POST"
