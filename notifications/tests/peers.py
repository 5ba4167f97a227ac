"""Peers on 127.0.0.1 that are told things: a webhook's receiver, Telegram, SMTP."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

LOOPBACK = [ip_network("127.0.0.0/8")]


@dataclass
class Heard:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Peer:
    """A server that answers as it is told to, and remembers what it heard."""

    port: int = 0
    status: int = 200
    delay_seconds: float = 0
    answer: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    # What is said instead, by the end of the path.
    answers: dict[str, Any] = field(default_factory=dict)
    updates: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reply(self, heard: Heard) -> tuple[int, bytes]:
        for end, answer in self.answers.items():
            if heard.path.endswith(end):
                told: tuple[int, bytes] = answer(heard)
                return told
        return self.status, self.answer


@contextmanager
def running(peer: Peer | None = None) -> Iterator[Peer]:
    """Let a peer listen until the block ends."""
    answering = peer or Peer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            heard = Heard(self.path, dict(self.headers), self.rfile.read(length))
            answering.heard.append(heard)
            time.sleep(answering.delay_seconds)
            status, body = answering.reply(heard)
            self.send_response(status)
            for name, value in answering.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", answering.port), Handler)
    answering.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield answering
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def telegram(**given: Any) -> Iterator[Peer]:
    """Let Telegram's Bot API listen, which has updates to tell in `updates`."""
    peer = Peer(**given)

    def get_updates(heard: Heard) -> tuple[int, bytes]:
        offset = heard.json["offset"]
        peer.updates = [each for each in peer.updates if each["update_id"] >= offset]
        return 200, json.dumps({"ok": True, "result": peer.updates}).encode()

    def send_message(_heard: Heard) -> tuple[int, bytes]:
        ok = peer.status == 200
        told = {"ok": ok, "description": "no", "result": {}, "parameters": {}}
        return peer.status, json.dumps(told).encode()

    peer.answers = {"/getUpdates": get_updates, "/sendMessage": send_message}
    with running(peer):
        yield peer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class MailPeer:
    """A mail server that keeps what it takes, and refuses each DATA while told to."""

    port: int = 0
    refusal: str = ""
    delay_seconds: float = 0
    taken: list[EmailMessage] = field(default_factory=list)

    def answer(self, line: str) -> str:
        verb = line[:4].upper()
        known = {"DATA": "354 go on", "QUIT": "221 bye"}
        return known.get(verb, "250 ok")

    def take(self, content: bytes) -> str:
        time.sleep(self.delay_seconds)
        if self.refusal:
            return self.refusal
        self.taken.append(message_from_bytes(content, policy=default_policy))
        return "250 taken"


@contextmanager
def smtp(port: int = 0) -> Iterator[MailPeer]:
    """Let a mail server listen until the block ends (RFC 5321, as much as we use)."""
    peer = MailPeer()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 ready")
            while line := self.rfile.readline().decode():
                self.say(peer.answer(line))
                if line[:4].upper() == "DATA":
                    self.say(peer.take(self.content()))

        def content(self) -> bytes:
            lines = iter(self.rfile.readline, b".\r\n")
            return b"".join(line.removeprefix(b".") for line in lines)

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    class Server(ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", port), Handler) as server:
        peer.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        yield peer
        server.shutdown()
        thread.join()
