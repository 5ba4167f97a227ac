"""The inbox: newest first, day by day, narrowed by its address, read and unread."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.threads import all_at_once
from bots.tests.factories import BotInstanceFactory
from licensing.tests.factories import LicenseFactory
from notifications.models import Notification, NotificationType
from notifications.pages import inbox as pages
from notifications.queries.inbox import MOST_COUNTED, unread_count
from notifications.tests.factories import NotificationFactory
from smarttrader.lib import clock
from smarttrader.lib.keyset import Place

pytestmark = pytest.mark.django_db

INBOX, ALL_READ = reverse("notifications"), reverse("notifications_read")
UNREAD = reverse("notifications_unread")
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MARKUP = "<img src=x>"
PART = {"HX-Request": "true", "HX-Target": "inbox"}


@pytest.fixture
def browser(client, alice):
    client.force_login(alice)
    return client


@pytest.fixture
def tell(alice):
    """Tell Alice of something, each time a minute later."""
    moments = (NOON + number * MINUTE for number in range(1000))

    def one(title, **fields):
        given = {"user": alice, "created_at": next(moments), **fields}
        return NotificationFactory.create(title=title, **given)

    return one


def lines(page):
    return [line for day in page.context["days"] for line in day.lines]


def titles(page):
    return [line.notification.title for line in lines(page)]


def what_is_unread(user):
    unread = Notification.objects.filter(user=user, is_read=False)
    return sorted(unread.values_list("title", flat=True))


def sent_by_button(page):
    """Return what the page's button sends that marks all as read."""
    html = page.content.decode()
    return {
        name: re.findall(rf'name="{name}" value="([^"]+)"', html)
        for name in ("seen", "rest")
    }


# --- The list -------------------------------------------------------------------------
def test_the_newest_is_first_and_nobody_elses_is_there(browser, tell, charlie):
    tell("first")
    tell("second")
    tell("of Charlie", user=charlie)

    assert titles(browser.get(INBOX)) == ["second", "first"]


def test_days_are_those_of_the_readers_zone(browser, alice, tell, monkeypatch):
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Tokyo")
    monkeypatch.setattr(clock, "now", lambda: NOON)
    tell("new", created_at=datetime(2026, 11, 24, 15, tzinfo=UTC))
    tell("before midnight", created_at=datetime(2026, 11, 24, 14, 59, tzinfo=UTC))
    tell("old", created_at=datetime(2026, 11, 20, tzinfo=UTC))

    days = browser.get(INBOX).context["days"]

    assert [(day.name, day.date.day) for day in days] == [
        ("Today", 25),
        ("Yesterday", 24),
        ("", 20),
    ]


def test_each_line_leads_to_what_it_is_about(browser, alice, tell):
    bot = BotInstanceFactory.create(owner=alice)
    license = LicenseFactory.create(user=alice)
    statement = uuid.uuid4()
    tell("bot", metadata={"bot_id": str(bot.pk), "license_id": str(license.pk)})
    tell("license", metadata={"license_id": str(license.pk)})
    tell("statement", metadata={"statement_id": str(statement)})
    tell("subscription", metadata={"subscription_id": str(uuid.uuid4())})
    tell("unreadable", metadata={"bot_id": "../../"})
    tell("nothing")

    paths = {line.notification.title: line.path for line in lines(browser.get(INBOX))}

    assert paths == {
        "bot": reverse("bot", args=[bot.pk]),
        "license": reverse("license", args=[license.pk]),
        "statement": reverse("statement", args=[statement]),
        "subscription": reverse("subscription"),
        "unreadable": "",
        "nothing": "",
    }


def test_pages_show_each_line_once_also_of_one_moment(browser, tell, monkeypatch):
    monkeypatch.setattr(pages, "ROWS", 3)
    for number in range(7):
        tell(f"{number}", created_at=NOON)

    shown, address = [], INBOX
    while address:
        page = browser.get(address)
        shown += titles(page)
        following = page.context["next"]
        address = following and f"{INBOX}?after={following}"

    assert len(shown) == 7
    assert sorted(shown) == [str(number) for number in range(7)]


def test_the_address_narrows_the_list(browser, tell):
    tell("read alert", is_read=True)
    tell("alert")
    tell("account", type=NotificationType.ACCOUNT)

    found = {
        query: titles(browser.get(f"{INBOX}?{query}"))
        for query in ("unread=1", "type=ALERT", "type=ALERT&unread=1", "type=&unread=")
    }

    assert found == {
        "unread=1": ["account", "alert"],
        "type=ALERT": ["alert", "read alert"],
        "type=ALERT&unread=1": ["alert"],
        "type=&unread=": ["account", "alert", "read alert"],
    }


@pytest.mark.parametrize(
    "query", ["type=NONE", "unread=maybe", "type=%00", "after=x", "after=-" + "0" * 32]
)
def test_an_address_that_says_nothing_shows_nothing(browser, tell, query):
    tell("secret")

    page = browser.get(f"{INBOX}?{query}")

    assert page.status_code == 400
    assert "secret" not in page.content.decode()


@pytest.mark.parametrize(
    ("query", "has_bot", "words"),
    [
        ("", False, "Nothing told yet"),
        ("", True, "All quiet"),
        ("?unread=1", True, "Nothing unread here"),
        ("?type=TRADE", True, "No notification matches"),
    ],
)
def test_an_empty_inbox_says_why(browser, alice, query, has_bot, words):
    if has_bot:
        BotInstanceFactory.create(owner=alice)

    assert words in browser.get(INBOX + query).content.decode()


def test_markup_is_text(browser, tell):
    tell(MARKUP, message=f"{MARKUP}\n{MARKUP}", metadata={"bot_id": MARKUP})

    html = browser.get(INBOX).content.decode()

    assert MARKUP not in html
    assert html.count("&lt;img src=x&gt;") == 4


def test_three_lines_cost_as_many_queries_as_one(browser, tell, count_statements):
    tell("one")
    browser.get(INBOX)
    with count_statements() as one:
        browser.get(INBOX)
    for number in range(29):
        tell(f"{number}")
    with count_statements() as thirty:
        browser.get(INBOX)

    assert len(thirty) == len(one)


# --- Read and unread ------------------------------------------------------------------
def test_one_is_marked_read_and_the_filters_stay(browser, alice, tell):
    one = tell("one")
    tell("two")

    answer = browser.post(
        reverse("notification_read", args=[one.pk]) + "?type=ALERT&unread=1"
    )

    assert answer.url == f"{INBOX}?type=ALERT&unread=1"
    assert what_is_unread(alice) == ["two"]


def test_nobody_marks_anothers(browser, tell, charlie):
    of_charlie = tell("of Charlie", user=charlie)

    one = browser.post(reverse("notification_read", args=[of_charlie.pk]))
    all_seen = browser.post(
        ALL_READ,
        {"seen": str(of_charlie.pk), "rest": str(Place(NOON + DAY, uuid.uuid4()))},
    )

    assert (one.status_code, all_seen.status_code) == (404, 302)
    assert what_is_unread(charlie) == ["of Charlie"]


def test_what_arrives_meanwhile_stays_unread(browser, alice, tell, monkeypatch):
    monkeypatch.setattr(pages, "ROWS", 2)
    for title in ("on the next page", "shown", "shown, too"):
        tell(title)
    sent = sent_by_button(browser.get(INBOX))
    tell("new")
    # Of a transaction that began before the page was asked for, and took its time.
    tell("late", created_at=NOON + MINUTE + timedelta(seconds=30))

    browser.post(ALL_READ, sent)

    assert what_is_unread(alice) == ["late", "new"]


def test_a_narrowed_list_marks_only_what_it_shows(browser, alice, tell, monkeypatch):
    monkeypatch.setattr(pages, "ROWS", 1)
    tell("old account", type=NotificationType.ACCOUNT)
    tell("old alert")
    tell("alert")
    sent = sent_by_button(browser.get(f"{INBOX}?type=ALERT"))

    browser.post(f"{ALL_READ}?type=ALERT", sent)

    assert what_is_unread(alice) == ["old account"]


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("", {"seen": "x"}),
        ("", {"rest": "x"}),
        ("", {"rest": "-" + "0" * 32}),
        ("?type=NONE", {}),
    ],
)
def test_a_form_that_names_nothing_is_refused(browser, alice, tell, query, sent):
    tell("one")

    assert browser.post(ALL_READ + query, sent).status_code == 400
    assert what_is_unread(alice) == ["one"]


def test_htmx_is_answered_with_the_list_and_the_new_number(browser, tell):
    one = tell("one")
    tell("two")

    answer = browser.post(
        reverse("notification_read", args=[one.pk]) + "?unread=1", headers=PART
    )

    html = answer.content.decode()
    assert titles(answer) == ["two"]
    assert "<html" not in html
    assert html.count('hx-swap-oob="true"') == 2
    assert "Notifications, 1 unread" in html


@pytest.mark.django_db(transaction=True)
def test_marking_all_twice_at_once_marks_each_once(alice, rounds):
    for _ in range(rounds):
        for number in range(20):
            NotificationFactory.create(user=alice, title=str(number))
        clients = [Client() for _ in range(4)]
        for each in clients:
            each.force_login(alice)
        sent = sent_by_button(clients[0].get(INBOX))

        answers = all_at_once([partial(each.post, ALL_READ, sent) for each in clients])

        assert {answer.status_code for answer in answers} == {302}
        assert what_is_unread(alice) == []


# --- The badge ------------------------------------------------------------------------
def test_a_page_counts_what_is_unread_with_one_query(
    browser, alice, tell, count_statements
):
    tell("read", is_read=True)
    for number in range(3):
        tell(f"{number}")

    with count_statements() as asked:
        html = browser.get(reverse("licenses")).content.decode()

    counting = [text for text in asked if '"notifications"' in text]
    assert len(counting) == 1
    assert "Notifications, 3 unread" in html


@pytest.mark.parametrize(("count", "told"), [(99, "99"), (100, "99+"), (101, "99+")])
def test_the_badge_tells_no_more_than_99(browser, alice, tell, count, told):
    for number in range(count):
        tell(f"{number}")

    html = browser.get(INBOX).content.decode()

    assert f"Notifications, {told} unread" in html


def test_the_tick_is_answered_only_when_the_number_is_another(browser, tell):
    quiet = browser.get(UNREAD, {"shown": "0"})
    tell("one")
    changed = browser.get(UNREAD, {"shown": "0"})
    settled = browser.get(UNREAD, {"shown": "1"})

    assert [quiet.status_code, changed.status_code, settled.status_code] == [
        204,
        200,
        204,
    ]
    assert changed.headers["HX-Trigger"] == "unread"
    assert "Notifications, 1 unread" in changed.content.decode()


def test_the_tick_asks_little(browser, tell, count_statements):
    tell("one")

    with count_statements() as asked:
        browser.get(UNREAD, {"shown": "0"})

    # The session, its user, and the number.
    assert len(asked) == 3


def test_the_number_is_read_off_an_index(alice, charlie):
    NotificationFactory.create_batch(3000, user=charlie, is_read=True)
    NotificationFactory.create_batch(500, user=alice)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications")

    with transaction.atomic(), connection.cursor() as cursor:
        query = Notification.objects.visible_to(alice).filter(is_read=False)
        plan = query[:MOST_COUNTED].explain(analyze=True)

    # Which one depends on the pages that other tests have left.
    assert "Index" in plan
    assert "Seq Scan" not in plan
    assert unread_count(alice) == MOST_COUNTED
