import re

import pytest
from django.http import HttpResponse

from bots.tests.ea_client import Ea
from smarttrader.middleware import RequestId

HEX = re.compile(r"[0-9a-f]{32}")


def test_a_request_and_its_response_have_one_id(rf):
    seen = []

    def view(request):
        seen.append(request.request_id)
        return HttpResponse()

    responses = [RequestId(view)(rf.get("/")) for _ in range(2)]

    assert [response["X-Request-Id"] for response in responses] == seen
    assert len({*seen}) == 2
    assert all(HEX.fullmatch(request_id) for request_id in seen)


def test_a_clients_own_id_is_not_taken(rf):
    request = rf.get("/", headers={"X-Request-Id": "mine\nforged line"})

    response = RequestId(lambda _: HttpResponse())(request)

    assert HEX.fullmatch(response["X-Request-Id"])


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/accounts/login/", "/none/", "/static/ui/ui.css"])
def test_pages_refusals_and_files_carry_an_id(client, path):
    response = client.get(path)
    response.close()

    assert HEX.fullmatch(response["X-Request-Id"])


@pytest.mark.django_db
def test_an_ea_reads_the_same_id_in_the_reply():
    ea = Ea()

    reply = ea.call("heartbeat")

    assert reply["request_id"] == ea.headers["X-Request-Id"]
