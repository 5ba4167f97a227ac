import pytest

from smarttrader.lib.client_address import address_bucket, client_address, networks


@pytest.fixture(autouse=True)
def proxies(settings):
    settings.TRUSTED_PROXIES = networks(["10.0.0.0/8", "fd00::/8", "192.0.2.7"])


def address(rf, remote, forwarded=None):
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_address(rf.get("/", headers=headers, REMOTE_ADDR=remote))


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        # Nobody's word but a proxy's of ours.
        ("203.0.113.5", None, "203.0.113.5"),
        ("203.0.113.5", "198.51.100.9", "203.0.113.5"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("192.0.2.7", "198.51.100.9", "198.51.100.9"),
        # What the client wrote himself lies left of what our proxy wrote.
        ("10.0.0.1", "1.1.1.1, 198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.9, 10.0.0.2", "198.51.100.9"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.9, fd00::2, 10.0.0.2", "198.51.100.9"),
        # Everybody is ours.
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        # Garbage hides nobody, and what is left of it is not believed.
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "1.1.1.1, 999.1.1.1", "10.0.0.1"),
        ("10.0.0.1", ",, 198.51.100.9 ,,", "198.51.100.9"),
        ("10.0.0.1", "\0\xff", "10.0.0.1"),
        # Ports and other spellings.
        ("10.0.0.1", "198.51.100.9:99", "198.51.100.9"),
        ("10.0.0.1:1234", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "[2001:db8::1]:99", "2001:db8::1"),
        ("10.0.0.1", "[2001:db8::1]", "2001:db8::1"),
        ("10.0.0.1", "2001:DB8:0::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.9", "198.51.100.9"),
        ("[fd00::1]:99", "198.51.100.9", "198.51.100.9"),
        ("fd00::1", "[", "fd00::1"),
        # A Unix socket has no address.
        ("", "198.51.100.9", ""),
        ("unix:", "198.51.100.9", "unix:"),
    ],
)
def test_the_client_is_the_nearest_that_is_no_proxy_of_ours(
    rf, remote, forwarded, client
):
    assert address(rf, remote, forwarded) == client


def test_a_request_without_an_address_has_none(rf):
    request = rf.get("/")
    del request.META["REMOTE_ADDR"]

    assert client_address(request) == ""


@pytest.mark.parametrize(
    ("client", "bucket"),
    [
        ("198.51.100.9", "198.51.100.9"),
        ("::ffff:198.51.100.9", "198.51.100.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_the_bucket_of_an_address(client, bucket):
    assert address_bucket(client) == bucket


def test_a_network_that_is_none_is_refused():
    with pytest.raises(ValueError, match="does not appear to be"):
        networks(["10.0.0.0/8", "proxy.example.com"])
