"""Requests to addresses that users name: to public servers, and to no other.

A name is resolved once, each of its addresses is checked, and the very address that was
checked is connected to, so a name that changes its mind gains nothing. Redirects are
not followed. However slowly a server answers, and however much, a request ends.
"""

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from smarttrader.lib.client_address import Address, Network

SECONDS = 10
MOST_ANSWER_BYTES = 64 * 1024
# Printable ASCII: no space, no line end, and names as they are on the wire.
URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)
PORTS = {"http": 80, "https": 443}
# Through these an IPv4 address is reached that nobody checked: NAT64, 6to4, Teredo.
TUNNELS = [
    ip_network(cidr)
    for cidr in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
]
SITE_LOCAL = ip_network("fec0::/10")  # deprecated, and still nobody's in public
EVERYWHERE: Sequence[Network] = (ip_network("0.0.0.0/0"), ip_network("::/0"))


class OutboundError(Exception):
    """No answer was had; the text says why, for whoever named the address."""


class ForbiddenTarget(OutboundError):
    """An address that we do not call."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    retry_after: str

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 -- RFC 9110


def check_url(url: str, *, private_networks: Sequence[Network] = ()) -> SplitResult:
    """Return the parts of an URL that may be called. Raises ForbiddenTarget.

    Looks nothing up: what its name leads to is checked when it is called.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ForbiddenTarget("this is not an URL") from error
    if not URL.fullmatch(url) or not host or port == 0:
        raise ForbiddenTarget("this is not an URL")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ForbiddenTarget("an URL here has no user, password or fragment")
    if parts.scheme != "https" and not private_networks:
        raise ForbiddenTarget("only https:// is called")
    address = _literal(host)
    if address is not None:
        _check_address(address, private_networks)
    return parts


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    private_networks: Sequence[Network] = (),
    seconds: float = SECONDS,
) -> Answer:
    """Post a body and return the answer, whatever its status. Raises OutboundError.

    Of the networks given, addresses that are not public are called too, without TLS
    where the URL says so.
    """
    parts = check_url(url, private_networks=private_networks)
    addresses = _checked_addresses(parts, private_networks)
    try:
        with _Connection(parts, addresses, seconds) as connection:
            return connection.post(body, headers)
    except (OSError, http.client.HTTPException) as error:
        raise OutboundError(_reason(error)) from error


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _checked_addresses(
    parts: SplitResult, private_networks: Sequence[Network]
) -> list[Address]:
    assert parts.hostname is not None  # noqa: S101 -- check_url saw it
    port = parts.port or PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutboundError("the name has no address") from error
    addresses = [ip_address(str(each[4][0])) for each in found]
    for address in addresses:
        _check_address(address, private_networks)
        if parts.scheme != "https" and not _is_in(address, private_networks):
            raise ForbiddenTarget("only https:// is called")
    return addresses


def _check_address(address: Address, private_networks: Sequence[Network]) -> None:
    if _is_in(address, private_networks):
        return
    if not _is_public(address):
        raise ForbiddenTarget("the address is not a public one")


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if address.scope_id is not None or _is_in(address, [*TUNNELS, SITE_LOCAL]):
            return False
    # "Global" includes multicast, and what is reserved for later.
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def _is_in(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(
        address.version == network.version and address in network
        for network in networks
    )


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not good: {error.verify_message}"
    if isinstance(error, http.client.HTTPException):
        return "the answer is not HTTP"
    return f"no connection: {type(error).__name__}"


class _Connection(http.client.HTTPConnection):
    """A connection to one of the addresses that were checked, for one request."""

    def __init__(
        self, parts: SplitResult, addresses: Sequence[Address], seconds: float
    ) -> None:
        assert parts.hostname is not None  # noqa: S101 -- check_url saw it
        super().__init__(
            parts.hostname, parts.port or PORTS[parts.scheme], timeout=seconds
        )
        self._parts = parts
        self._addresses = addresses
        self._is_late = False
        # A server that sends a byte now and then never runs into a socket's timeout.
        self._watch = threading.Timer(seconds, self._hang_up)

    def __enter__(self) -> "_Connection":
        self._watch.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._watch.cancel()
        self.close()

    def connect(self) -> None:
        """Connect to the first address that answers."""
        self.sock = self._connected()
        if self._parts.scheme == "https":
            # Not at once: who hangs up late has to find this socket, not the bare one.
            self.sock = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        path = self._parts.path or "/"
        query = f"?{self._parts.query}" if self._parts.query else ""
        try:
            fields = {**headers, "Connection": "close"}
            self.request("POST", f"{path}{query}", body, fields)
            answer = self.getresponse()
            content = answer.read(MOST_ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as error:
            if self._is_late:
                raise TimeoutError from error
            raise
        if self._is_late:
            raise TimeoutError
        return Answer(answer.status, content, answer.headers.get("Retry-After", ""))

    def _connected(self) -> socket.socket:
        *others, last = self._addresses
        for address in others:
            try:
                return self._socket(address)
            except OSError:
                continue
        return self._socket(last)

    def _socket(self, address: Address) -> socket.socket:
        return socket.create_connection((str(address), self.port), self.timeout)

    def _hang_up(self) -> None:
        self._is_late = True
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:  # it hung up first
                return
