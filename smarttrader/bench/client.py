"""A client that only counts: HTTP over one connection, as little work as can be."""

import socket
from dataclasses import dataclass

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"
RECEIVED_AT_ONCE = 65536


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


class Unexpected(Exception):
    """An answer that is none of those which are measured."""


class Client:
    """One connection that stays open. `token` and `cookie` go with each call."""

    def __init__(self, port: int, token: str = "", cookie: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = (
            f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            f"Cookie: {cookie}\r\n"
            # As the proxy says in production, which ends TLS.
            "Content-Type: application/json\r\nX-Forwarded-Proto: https\r\n"
        ).encode()

    def close(self) -> None:
        self._socket.close()

    def post(self, path: str, body: bytes) -> Answer:
        """Send a body; return the answer. Raises Unexpected unless it is a 200."""
        return self._told("POST", path, body)

    def get(self, path: str) -> Answer:
        """Ask for a page; return the answer. Raises Unexpected unless it is a 200."""
        return self._told("GET", path, b"")

    def _told(self, method: str, path: str, body: bytes) -> Answer:
        length = b"Content-Length: %d\r\n\r\n" % len(body)
        line = f"{method} {path} HTTP/1.1\r\n".encode()
        self._socket.sendall(line + self._head + length + body)
        answer = self._answer()
        if answer.status != 200:  # noqa: PLR2004
            raise Unexpected(f"{path}: {answer.status} {answer.body[:500]!r}")
        return answer

    def _answer(self) -> Answer:
        received = b""
        while HEAD_END not in received:
            received += self._receive()
        head, _, body = received.partition(HEAD_END)
        lines = head.lower().split(b"\r\n")
        length = next(
            int(line[len(LENGTH) :]) for line in lines if line.startswith(LENGTH)
        )
        while len(body) < length:
            body += self._receive()
        return Answer(int(lines[0].split()[1]), body)

    def _receive(self) -> bytes:
        received = self._socket.recv(RECEIVED_AT_ONCE)
        if not received:
            raise Unexpected("the server closed the connection")
        return received
