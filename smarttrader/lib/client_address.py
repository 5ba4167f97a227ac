"""Who calls: the address of the client behind the proxies that we trust."""

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# One subscriber of IPv6 gets a /64 at least: its addresses are one client's.
IPV6_PREFIX = 64
UNKNOWN = "unknown"


def networks(cidrs: Iterable[str]) -> list[Network]:
    """Return the networks of `10.0.0.0/8` or `10.0.0.1`. Raises ValueError."""
    return [ip_network(cidr.strip(), strict=False) for cidr in cidrs]


def client_address(request: HttpRequest) -> str:
    """Return the client's address: the nearest that is none of TRUSTED_PROXIES.

    X-Forwarded-For is read from the right, where our own proxies write, and only when
    one of them brought the request. Where it cannot be read, the last proxy stands for
    all its clients: what lies further left is the client's word.
    """
    remote = str(request.META.get("REMOTE_ADDR", "")).strip()
    nearest = _parse(remote)
    if nearest is None:
        return remote
    for entry in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        if not entry.strip():
            continue
        if not _is_in(nearest, settings.TRUSTED_PROXIES):
            break
        further = _parse(entry)
        if further is None:
            break
        nearest = further
    return str(nearest)


def recorded_address(request: HttpRequest) -> str:
    """Return the client's address as a row can hold it, or nothing."""
    address, _, _scope = client_address(request).partition("%")
    return address if _parse(address) else ""


def address_bucket(address: str) -> str:
    """Return what stands for an address in limits: IPv6 by its /64.

    All that is no address shares one bucket: it is limited, and more narrowly.
    """
    parsed = _parse(address)
    if parsed is None:
        return UNKNOWN
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    return str(IPv6Network((int(parsed), IPV6_PREFIX), strict=False))


def _parse(text: str) -> Address | None:
    """Return the address of `1.2.3.4:99`, `[::1]:99` or `::ffff:1.2.3.4`."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_in(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
