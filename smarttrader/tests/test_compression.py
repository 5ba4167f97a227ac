"""Pages travel compressed; what programs are answered, and files, do not."""

import gzip
import json

import pytest
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse

from analytics.services import track_records
from bots.tests.factories import BotInstanceFactory
from smarttrader.lib import clock
from smarttrader.middleware import CompressedPages

GZIP = {"Accept-Encoding": "gzip"}
LONG = "Words that repeat themselves. " * 20


def answer(rf, response, **headers):
    return CompressedPages(lambda _: response)(rf.get("/", headers=headers or GZIP))


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "image/svg+xml"])
def test_pages_and_badges_are_compressed(rf, kind):
    response = answer(rf, HttpResponse(LONG, content_type=kind))

    assert response["Content-Encoding"] == "gzip"
    assert int(response["Content-Length"]) == len(response.content) < len(LONG)
    assert gzip.decompress(response.content).decode() == LONG
    assert response["Vary"] == "Accept-Encoding"


def test_who_takes_no_gzip_is_answered_plainly_and_caches_know(rf):
    response = answer(rf, HttpResponse(LONG), **{"Accept-Encoding": "br"})

    assert "Content-Encoding" not in response
    assert response["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "kind", ["application/json", "application/problem+json", "text/plain", "text/csv"]
)
def test_what_programs_are_answered_stays_as_it_is(rf, kind):
    response = answer(rf, HttpResponse(LONG, content_type=kind))

    assert response.content.decode() == LONG
    assert not {"Content-Encoding", "Vary"} & set(response.headers)


def test_a_stream_stays_one(rf):
    response = answer(rf, StreamingHttpResponse([LONG], content_type="text/html"))

    assert b"".join(response).decode() == LONG
    assert "Content-Encoding" not in response


@pytest.mark.django_db
def test_a_page_is_padded_at_random(client):
    """So that its length does not tell whether a guess is in it (BREACH)."""
    pages = [client.get(reverse("account_login"), headers=GZIP) for _ in range(8)]

    assert {page["Content-Encoding"] for page in pages} == {"gzip"}
    assert len({page["Content-Length"] for page in pages}) > 1


@pytest.mark.django_db
def test_an_advisor_is_never_answered_compressed(client):
    reply = client.post(
        reverse("ea_validate"), b"{}", content_type="application/json", headers=GZIP
    )

    assert json.loads(reply.content)
    assert "Content-Encoding" not in reply
    assert int(reply["Content-Length"]) == len(reply.content)


@pytest.mark.django_db
def test_the_csv_of_trades_is_streamed_as_it_is(client, alice):
    client.force_login(alice)

    response = client.get(reverse("trades_export"), headers=GZIP)

    assert response.streaming
    assert "Content-Encoding" not in response


@pytest.mark.django_db
def test_a_page_that_did_not_change_is_not_sent_again(client, alice):
    record = track_records.save_track_record(
        bot=BotInstanceFactory.create(owner=alice),
        title="Steady",
        is_public=True,
        is_indexed=False,
        figures=[],
        delay_hours=24,
        now=clock.now(),
    )
    path = reverse("track_record", args=[record.slug])
    first = client.get(path, headers=GZIP)

    again = client.get(path, headers={**GZIP, "If-None-Match": first["ETag"]})

    # Weak: the padding makes other bytes of the same page.
    assert first["ETag"].startswith("W/")
    assert again.status_code == 304
    assert "Accept-Encoding" in first["Vary"]
    assert again["ETag"].removeprefix("W/") == first["ETag"].removeprefix("W/")


def test_files_are_left_to_whitenoise_and_what_changes_pages_comes_before():
    order = [name.rpartition(".")[2] for name in settings.MIDDLEWARE]

    place = order.index("CompressedPages")
    assert order[place - 1] == "WhiteNoiseMiddleware"
    assert {"SessionMiddleware", "Common", "HtmxMiddleware"} <= set(order[place:])
