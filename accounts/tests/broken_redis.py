"""Servers that a cache finds dead, hung, or dying amid a question."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


def nobody_there() -> str:
    """Return the URL of a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return f"redis://127.0.0.1:{port}/1"


class Hung:
    """A port that takes connections and never answers."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self._taken: list[socket.socket] = []
        self.url = f"redis://127.0.0.1:{server.getsockname()[1]}/1"
        server.setblocking(False)

    def connections(self) -> int:
        """Return how many connections there were up to now."""
        with suppress(BlockingIOError):
            while True:
                self._taken.append(self._server.accept()[0])
        return len(self._taken)

    def close(self) -> None:
        for connection in self._taken:
            connection.close()


@contextmanager
def hung() -> Iterator[Hung]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Hung(server)
        yield made
        made.close()


@contextmanager
def cut_off_at(command: bytes, url: str) -> Iterator[str]:
    """Yield the URL of a way to a real server that ends at the first such command."""
    parts = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(
            target=_relay, args=(server, command, (parts.hostname, parts.port))
        )
        thread.start()
        credentials, _, _ = parts.netloc.rpartition("@")
        address = f"{credentials}@127.0.0.1:{server.getsockname()[1]}"
        yield parts._replace(netloc=address).geturl()
    thread.join(timeout=60)


def _relay(
    server: socket.socket, command: bytes, target: tuple[str | None, int | None]
) -> None:
    """Carry questions and answers of one connection until one end closes it."""
    client, _ = server.accept()
    with client, socket.create_connection(target) as real:
        other = {client: real, real: client}
        while True:
            for readable in select.select([client, real], [], [])[0]:
                content = readable.recv(65536)
                if not content or (readable is client and command in content):
                    return
                other[readable].sendall(content)
