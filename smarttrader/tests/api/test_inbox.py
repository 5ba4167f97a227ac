"""The inbox over the user API: read one, read all, nobody else's."""

import pytest

from notifications.models import Notification
from notifications.tests.factories import NotificationFactory
from smarttrader.tests.api.world import UNKNOWN_ID, Api, give_one_of_each

pytestmark = pytest.mark.django_db


def unread():
    return set(Notification.objects.filter(is_read=False))


def test_one_is_marked_as_read_and_again(alice):
    first, second = (give_one_of_each(alice).notification for _ in range(2))
    api = Api(alice)

    told = [api.post(f"notifications/{first.pk}/read")["is_read"] for _ in range(2)]

    assert told == [True, True]
    assert unread() == {second}
    assert api.listed("notifications", is_read="false") == [str(second.pk)]


def test_all_up_to_the_newest_that_was_seen_are_marked(cast):
    alice = cast["alice"]
    seen, late = (give_one_of_each(alice).notification for _ in range(2))
    of_charlie = give_one_of_each(cast["charlie"]).notification
    api = Api(alice)

    first = api.post("notifications/read-all", {"up_to": str(seen.pk)})
    between = unread()
    rest = api.post("notifications/read-all")

    assert (first, rest) == ({"marked": 1}, {"marked": 1})
    assert between == {late, of_charlie}
    assert unread() == {of_charlie}


def test_what_is_unread_is_counted(cast):
    alice = cast["alice"]
    first, _ = (give_one_of_each(alice).notification for _ in range(2))
    give_one_of_each(cast["charlie"])
    api = Api(alice)

    before = api.get("notifications/unread-count")
    api.post(f"notifications/{first.pk}/read")
    after = api.get("notifications/unread-count")

    assert (before, after) == ({"count": 2}, {"count": 1})


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({"type": "TRADE"}, {"trade"}),
        ({"type": "ALERT", "is_read": "true"}, {"read alert"}),
        ({"is_read": "false"}, {"alert", "trade"}),
    ],
)
def test_the_list_is_narrowed(alice, query, titles):
    for title, fields in (
        ("trade", {"type": "TRADE"}),
        ("alert", {}),
        ("read alert", {"is_read": True}),
    ):
        NotificationFactory.create(user=alice, title=title, **fields)

    told = Api(alice).get("notifications", **query)["results"]

    # All of one moment, so in no order.
    assert {each["title"] for each in told} == titles


def test_nobody_reads_an_inbox_that_is_not_theirs(cast):
    hers = give_one_of_each(cast["alice"]).notification

    outcomes = set()
    for who in ("charlie", "bob", "staff"):
        for identifier in (hers.pk, UNKNOWN_ID):
            api = Api(cast[who])
            api.post(f"notifications/{identifier}/read")
            outcomes.add(api.outcome)
            api.post("notifications/read-all", {"up_to": str(hers.pk)})

    assert outcomes == {(404, "NOT_FOUND")}
    assert unread() == {hers}


@pytest.mark.parametrize("up_to", ["7", 7, None, [], "x" * 36])
def test_all_up_to_nothing_is_refused(alice, up_to):
    give_one_of_each(alice)
    api = Api(alice)

    api.post("notifications/read-all", {"up_to": up_to})

    assert api.outcome == (400, "VALIDATION_ERROR")
    assert len(unread()) == 1
