"""Which addresses are called, and how a call ends."""

import socket
import threading
import time
from ipaddress import ip_network

import pytest

from notifications.tests.peers import Peer, running
from smarttrader.lib import outbound
from smarttrader.lib.outbound import ForbiddenTarget, OutboundError, check_url, post

LOOPBACK = [ip_network("127.0.0.0/8")]
PUBLIC = "93.184.215.14"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http://example.com/",
        "https://",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com/#part",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com/a b",
        "https://example.com/\r\nHost: evil",
        "https://exämple.com/",
        "https://[::1",
        "https://127.0.0.1/",
        "https://127.1.2.3:8443/",
        "https://0.0.0.0/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://192.0.2.1/",
        "https://198.18.0.1/",
        "https://224.0.0.1/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[::]/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fc00::1]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "https://[2001:db8::1]/",
    ],
)
def test_what_is_not_public_is_not_called(url):
    with pytest.raises(ForbiddenTarget):
        check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com:8443/a/b?c=d",
        f"https://{PUBLIC}/",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
        f"https://[::ffff:{PUBLIC}]/",
    ],
)
def test_what_is_public_may_be_called(url):
    assert check_url(url).geturl() == url


@pytest.fixture
def names(monkeypatch):
    """Let names have the addresses given, one list for each time that one is asked."""
    known: dict[str, list[list[str]]] = {}
    ask = socket.getaddrinfo

    def answer(host, port, *args, **kwargs):
        if host not in known:
            return ask(host, port, *args, **kwargs)
        addresses = known[host].pop(0)
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, 1, 6, "", (each, port))
            for each in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return known


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:7f00:1"],
        [PUBLIC, "10.0.0.1"],
        ["fe80::1%eth0"],
    ],
)
def test_a_name_that_leads_inside_is_not_called(names, addresses):
    names["inside.example.com"] = [addresses]

    with pytest.raises(ForbiddenTarget):
        post("https://inside.example.com/", b"", {})


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "localhost"])
def test_other_spellings_of_an_address_are_seen_through(host):
    with pytest.raises(ForbiddenTarget):
        post(f"https://{host}/", b"", {})


def test_a_name_that_changes_its_mind_is_asked_once(names):
    with running() as peer:
        # Asked again it would lead where nobody listens.
        names["rebinding.example.com"] = [["127.0.0.1"], ["10.0.0.1"]]

        answer = post(
            f"http://rebinding.example.com:{peer.port}/x?y=z",
            b"body",
            {"A": "b"},
            private_networks=LOOPBACK,
        )

    assert (answer.status, answer.body) == (200, b"{}")
    (heard,) = peer.heard
    assert (heard.path, heard.body, heard.headers["A"]) == ("/x?y=z", b"body", "b")
    assert heard.headers["Host"] == f"rebinding.example.com:{peer.port}"
    assert len(names["rebinding.example.com"]) == 1


def test_a_peer_inside_is_called_when_a_setting_names_its_network():
    with running() as peer:
        assert post(peer.url, b"", {}, private_networks=LOOPBACK).is_success
        with pytest.raises(ForbiddenTarget):
            post(peer.url, b"", {}, private_networks=[ip_network("10.0.0.0/8")])


def test_a_redirect_is_not_followed():
    with running() as inside:
        headers = {"Location": f"{inside.url}/secret"}
        with running(Peer(status=307, headers=headers)) as peer:
            answer = post(peer.url, b"", {}, private_networks=LOOPBACK)

    assert (answer.status, answer.is_success) == (307, False)
    assert inside.heard == []


def test_an_answer_is_read_no_further_than_its_bound():
    with running(Peer(answer=b"x" * 1_000_000)) as peer:
        answer = post(peer.url, b"", {}, private_networks=LOOPBACK)

    assert len(answer.body) == outbound.MOST_ANSWER_BYTES


def test_a_server_that_drips_is_left_in_time():
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=drip, args=[server], daemon=True).start()
        started = time.monotonic()

        with pytest.raises(OutboundError, match="no answer in time"):
            post(
                f"http://127.0.0.1:{server.getsockname()[1]}/",
                b"",
                {},
                private_networks=LOOPBACK,
                seconds=1,
            )

        assert time.monotonic() - started < 5


def drip(server):
    """Send a byte now and then, each in time for a socket's own timeout."""
    peer, _address = server.accept()
    with peer:
        peer.recv(1000)
        peer.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(100):
            time.sleep(0.2)
            try:
                peer.sendall(b"x")
            except OSError:
                return


def test_who_does_not_listen_or_speaks_no_http_is_told_of():
    with running() as peer:
        nobody = peer.url
    with pytest.raises(OutboundError, match="no connection: ConnectionRefusedError"):
        post(nobody, b"", {}, private_networks=LOOPBACK)

    with pytest.raises(OutboundError, match="no address"):
        post("https://nowhere.invalid/", b"", {})
