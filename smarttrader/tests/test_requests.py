import http.client
import json
from urllib.parse import urlsplit

import pytest


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("told", ["a; b*=nope''x", 'text/html; charset="', "=;;*=''"])
def test_a_content_type_that_cannot_be_read_fails_nobody(live_server, told):
    connection = http.client.HTTPConnection(urlsplit(live_server.url).netloc)
    connection.request("POST", "/api/v1/ea/heartbeat", b"{}", {"Content-Type": told})

    response = connection.getresponse()
    reply = json.load(response)
    connection.close()

    assert (response.status, reply["code"]) == (401, "TOKEN_INVALID")
