"""What reaches Sentry of a failure: nothing that a request brought."""

import json
import logging

import pytest
import sentry_sdk
from sentry_sdk.transport import Transport

from licensing.keys import generate_key
from smarttrader.lib.ids import uuid7
from smarttrader.lib.request_context import answering
from smarttrader.lib.sentry import start_sentry


class Kept(Transport):
    """Keeps what would be sent."""

    def __init__(self, options=None):
        super().__init__(options)
        self.texts = []

    def capture_envelope(self, envelope):
        self.texts += [item.get_bytes().decode() for item in envelope.items]


@pytest.fixture
def kept():
    transport = Kept()
    start_sentry("http://key@127.0.0.1:9/1", transport=transport)
    yield transport
    sentry_sdk.get_client().close()
    sentry_sdk.init()


@pytest.mark.django_db
def test_a_failure_tells_nothing_of_who_met_it(client, kept, monkeypatch):
    # Made here: lines of this file are told with the traceback.
    key, cookie, query, form, header = generate_key(), *(uuid7().hex for _ in range(4))

    def fail(*_args, **_options):
        logging.getLogger("bots").warning("a crumb of %s", key)
        secret = key  # a local variable
        raise RuntimeError(f"it failed with {secret}")

    monkeypatch.setattr("allauth.account.views.LoginView.dispatch", fail)
    client.raise_request_exception = False
    client.cookies["sessionid"] = cookie

    response = client.post(
        f"/accounts/login/?a={query}",
        {"password": form},
        headers={"Authorization": f"Bearer {header}"},
    )
    sentry_sdk.flush()

    told = "\n".join(kept.texts)
    assert "it failed with [license key]" in told
    assert response["X-Request-Id"] in told
    assert [each for each in (key, cookie, query, form, header) if each in told] == []


def test_an_error_that_is_logged_is_reported_with_its_request(kept):
    with answering("77aa"):
        logging.getLogger("bots").error("password=hunter2 of %s", generate_key())
    sentry_sdk.flush()

    [event] = map(json.loads, kept.texts)
    assert event["tags"]["request_id"] == "77aa"
    assert event["logentry"]["message"] == "password=[password] of %s"
    assert event["logentry"]["params"] == ["[license key]"]
