"""What allauth's own limits answer: 429, and when the caller may go on."""

import time

import pytest
from allauth.core.internal.ratelimit import Rate
from django.urls import reverse

from accounts.limits import _until_one_is_free

pytestmark = pytest.mark.django_db


def test_a_used_up_limit_tells_the_rest_of_its_window(client):
    def ask():
        return client.post(
            reverse("account_reset_password"), {"email": "a@example.com"}
        )

    begun = time.time()
    told = [ask() for _ in range(6)]

    assert [each.status_code for each in told] == [302] * 5 + [429]
    left = int(told[-1]["Retry-After"])
    assert 60 - (time.time() - begun) <= left <= 60


@pytest.mark.parametrize(
    ("ages", "left"),
    [
        ((0, 50), 10),
        ((50, 59), 1),
        ((0, 0), 60),
        ((1, 20, 30), 40),  # a limit that was narrowed: the second newest counts
        ((5,), 1),  # nobody could look: the list was locked
        ((70, 80), 1),
    ],
)
def test_a_call_is_free_when_the_oldest_that_counts_is_past(ages, left):
    now = time.time()

    told = _until_one_is_free([now - age for age in ages], Rate(2, 60, "ip"))

    assert told in {left, max(left - 1, 1)}
