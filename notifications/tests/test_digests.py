"""Digests: due at seven in the user's zone, once, with what bots closed."""

import re
import zoneinfo
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from accounts.models import User
from accounts.tests.factories import UserFactory
from accounts.tests.threads import all_at_once
from analytics.services import rollups
from bots.models import BotInstance, BotSource
from bots.tests.factories import BotInstanceFactory
from notifications.models import Delivery, Digest, DigestChoice, DigestFrequency
from notifications.periods import due_in_zone
from notifications.queries.digests import users_to_send
from notifications.services import outbox
from notifications.services.digests import (
    WAITS_FOR_ROLL_UP,
    choose_digest,
    delete_old_digests,
    send_due_digests,
)
from smarttrader.lib import clock
from trading.tests.factories import ClosedTradeFactory

pytestmark = pytest.mark.django_db

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
# A Monday, seven in the morning in Berlin; the week past is 2026-W48.
SEVEN = datetime(2026, 11, 30, 6, tzinfo=UTC)
BOTH = ["2026-11-29", "2026-W48"]
MARKUP = "<img src=x>"
MINUS = "\N{MINUS SIGN}"


@pytest.fixture
def berlin(alice):
    """Alice, who lives in Berlin."""
    User.objects.update(time_zone="Europe/Berlin", email_verified=True)
    alice.refresh_from_db()
    return alice


@pytest.fixture
def bot(berlin):
    return bot_of(berlin, "Grid")


def bot_of(user, name, currency="USD"):
    return BotInstanceFactory.create(
        owner=user,
        instance_name=name,
        account_currency=currency,
        source=BotSource.STATEMENT,
        created_at=LONG_AGO,
    )


def close(bot, closed_at, net):
    ClosedTradeFactory.create(
        bot_instance=bot,
        opened_at=closed_at - HOUR,
        closed_at=closed_at,
        profit=Decimal(net),
        commission=0,
        swap=0,
    )


def trade_in_the_week(bot, *nets):
    """Close a trade on each day of the week past, and add up."""
    for number, net in enumerate(nets):
        close(bot, datetime(2026, 11, 23, 12, tzinfo=UTC) + number * DAY, net)
    rollups.roll_up(now=SEVEN)


def sent():
    outbox.send_due_mail(now=SEVEN + DAY, is_urgent=False)
    return mail.outbox


def due(zone_name, now):
    return [
        (each.period.key, each.since)
        for each in due_in_zone(zoneinfo.ZoneInfo(zone_name), now)
    ]


# --- When -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("zone_name", "now", "keys"),
    [
        ("Europe/Berlin", SEVEN - MINUTE, []),
        ("Europe/Berlin", SEVEN, BOTH),
        ("Europe/Berlin", SEVEN + 12 * HOUR, ["2026-W48"]),
        ("Europe/Berlin", SEVEN + DAY, ["2026-11-30", "2026-W48"]),
        ("Europe/Berlin", SEVEN + 3 * DAY, ["2026-12-02"]),
        # Clocks go forward on the 29th of March: seven is an hour earlier in UTC.
        ("Europe/Berlin", datetime(2026, 3, 28, 6, tzinfo=UTC), ["2026-03-27"]),
        ("Europe/Berlin", datetime(2026, 3, 29, 4, 59, tzinfo=UTC), []),
        ("Europe/Berlin", datetime(2026, 3, 29, 5, tzinfo=UTC), ["2026-03-28"]),
        # And back on the 25th of October.
        ("Europe/Berlin", datetime(2026, 10, 25, 5, 59, tzinfo=UTC), []),
        ("Europe/Berlin", datetime(2026, 10, 25, 6, tzinfo=UTC), ["2026-10-24"]),
        # Ends of months and of the year; the year has 53 weeks.
        ("UTC", datetime(2028, 3, 1, 7, tzinfo=UTC), ["2028-02-29", "2028-W08"]),
        ("UTC", datetime(2027, 1, 1, 7, tzinfo=UTC), ["2026-12-31"]),
        ("UTC", datetime(2027, 1, 4, 7, tzinfo=UTC), ["2027-01-03", "2026-W53"]),
        # Where it is tomorrow already, and where it is still yesterday.
        (
            "Asia/Tokyo",
            datetime(2026, 11, 29, 22, tzinfo=UTC),
            BOTH,
        ),
        ("America/Los_Angeles", datetime(2026, 11, 30, 14, 59, tzinfo=UTC), []),
        (
            "America/Los_Angeles",
            datetime(2026, 11, 30, 15, tzinfo=UTC),
            BOTH,
        ),
        (
            "Asia/Kathmandu",
            datetime(2026, 11, 30, 1, 15, tzinfo=UTC),
            BOTH,
        ),
    ],
)
def test_a_digest_is_due_from_seven_on_in_the_users_zone(zone_name, now, keys):
    assert [key for key, _ in due(zone_name, now)] == keys


@pytest.mark.parametrize(
    "monday",
    # The weeks in which the clocks of Berlin go forward, and back, on Sunday.
    [datetime(2026, 3, 23, tzinfo=UTC), datetime(2026, 10, 19, tzinfo=UTC)],
)
@pytest.mark.parametrize("frequency", ["daily", "weekly"])
def test_over_a_change_of_clocks_each_day_and_week_has_one_at_seven(
    berlin, bot, monday, frequency
):
    choose_digest(
        user=berlin, frequency=DigestFrequency(frequency), now=monday - 30 * DAY
    )
    for day in range(16):
        close(bot, monday + day * DAY - 12 * HOUR, 5)
    rollups.roll_up(now=monday + 16 * DAY)

    for day in range(14):
        for quarter in range(4 * 4, 4 * 7):  # from five or six on, in Berlin
            send_due_digests(now=monday + day * DAY + quarter * 15 * MINUTE)

    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    days = 1 if frequency == "daily" else 7
    found = Digest.objects.order_by("created_at").values_list("created_at", flat=True)
    told_at = [each.astimezone(zone) for each in found]
    expected = [monday.date() + n * DAY for n in range(0, 14, days)]
    assert [each.date() for each in told_at] == expected
    assert {each.time() for each in told_at} == {time(7)}
    assert Delivery.objects.count() == len(expected)


def test_who_gets_one(berlin):
    def person(name, **fields):
        given = {"time_zone": "Europe/Berlin", "email_verified": True, **fields}
        user = UserFactory.create(email=f"{name}@people.example", **given)
        bot_of(user, name)
        return user

    def choosing(name, frequency, moment=LONG_AGO):
        user = person(name)
        choose_digest(user=user, frequency=frequency, now=moment)

    person("default")
    person("unverified", email_verified=False)
    person("inactive", is_active=False)
    person("elsewhere", time_zone="Asia/Tokyo")
    choosing("never", DigestFrequency.NEVER)
    choosing("weekly", DigestFrequency.WEEKLY)
    choosing("daily", DigestFrequency.DAILY)
    choosing("late", DigestFrequency.DAILY, SEVEN)
    BotInstance.objects.filter(user=person("new")).update(created_at=SEVEN)

    names = {
        each.period.frequency: sorted(
            user.email.partition("@")[0]
            for user in users_to_send(each, ["Europe/Berlin"])
        )
        for each in due_in_zone(zoneinfo.ZoneInfo("Europe/Berlin"), SEVEN)
    }

    assert names == {"daily": ["daily"], "weekly": ["default", "weekly"]}


def test_a_choice_can_be_made_again(berlin):
    for frequency in (DigestFrequency.DAILY, DigestFrequency.NEVER):
        choose_digest(user=berlin, frequency=frequency, now=SEVEN)

    assert DigestChoice.objects.get().frequency == DigestFrequency.NEVER


# --- Once -----------------------------------------------------------------------------
def test_a_digest_is_sent_once(bot):
    trade_in_the_week(bot, 5)

    counts = [send_due_digests(now=SEVEN + number * 5 * MINUTE) for number in range(3)]

    assert counts == [1, 0, 0]
    assert len(sent()) == 1
    assert Digest.objects.get().has_content


@pytest.mark.django_db(transaction=True)
def test_schedulers_at_once_send_one(bot, rounds):
    trade_in_the_week(bot, 5)
    for _ in range(rounds):
        Digest.objects.all().delete()
        Delivery.objects.all().delete()

        counts = all_at_once([lambda: send_due_digests(now=SEVEN)] * 4)

        assert sorted(counts) == [0, 0, 0, 1]
        assert Delivery.objects.count() == Digest.objects.count() == 1


def test_where_nothing_happened_nothing_is_sent(bot):
    assert send_due_digests(now=SEVEN) == 0
    assert sent() == []
    assert not Digest.objects.get().has_content


def test_a_digest_waits_for_the_roll_up_but_not_for_ever(bot):
    close(bot, SEVEN - DAY, 5)

    assert send_due_digests(now=SEVEN) == 0
    assert not Digest.objects.exists()
    rollups.roll_up(now=SEVEN)
    assert send_due_digests(now=SEVEN + 5 * MINUTE) == 1
    close(bot, SEVEN - 2 * DAY, 5)
    Digest.objects.all().delete()
    Delivery.objects.all().delete()
    assert send_due_digests(now=SEVEN + WAITS_FOR_ROLL_UP) == 1


def test_what_breaks_ones_digest_stops_no_others(bot, charlie, caplog):
    trade_in_the_week(bot, 5)
    trade_in_the_week(bot_of(charlie, "Scalper"), 5)
    User.objects.update(time_zone="Europe/Berlin", email_verified=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE performance_metrics SET net_profit = 'NaN'"
            " WHERE bot_instance_id = %s",
            [bot.pk],
        )

    assert send_due_digests(now=SEVEN) == 1
    assert [message.to for message in sent()] == [[charlie.email]]
    assert f"the digest 2026-W48 of {bot.user_id} failed" in caplog.text


def test_that_it_was_done_is_forgotten_after_thirty_days(bot):
    send_due_digests(now=SEVEN)

    assert delete_old_digests(now=SEVEN + 30 * DAY) == 0
    assert delete_old_digests(now=SEVEN + 30 * DAY + MINUTE) == 1


# --- What it tells --------------------------------------------------------------------
def words(html):
    """Return what a reader of the HTML reads."""
    body = html.partition("<body")[2].partition(">")[2]
    return " ".join(unescape(strip_tags(body.replace("<", " <"))).split())


def parts(message):
    (html,) = (body for body, kind in message.alternatives if kind == "text/html")
    return message.body, html


def test_both_parts_tell_the_same_and_currencies_apart(berlin, bot):
    trade_in_the_week(bot, 120, -20, "0.5")
    trade_in_the_week(bot_of(berlin, "Scalper"), -30)
    trade_in_the_week(bot_of(berlin, "Yen", "JPY"), 1000)

    send_due_digests(now=SEVEN)

    (message,) = sent()
    text, html = parts(message)
    assert message.subject == "Your week: +70.50 USD, +1,000 JPY"
    for told in (text, words(html)):
        for figure in ("+70.50", "+1,000", "50.0%", "Grid", "+100.50", "Scalper"):
            assert figure in told
        assert "1,070" not in told
        days = re.findall(r"(Mon|Tue|Wed|Sun) (\d\d?) Nov:? ([^ \n]+)", told)
        assert ("Mon", "23", "+90.00") in days
        assert ("Tue", "24", f"{MINUS}20.00") in days
        assert ("Sun", "29", "0.00") in days
    assert "Week 48, 23 November to 29 November 2026" in text


def test_bars_are_as_long_as_results_are_large(bot):
    trade_in_the_week(bot, 100, -50, 1)

    send_due_digests(now=SEVEN)

    text, html = parts(sent()[0])
    assert re.findall(r'<table [^>]*width="(\d+)%" align="(\w+)"', html) == [
        ("100", "left"),
        ("50", "right"),
        ("1", "left"),
    ]
    assert re.findall(r": \S+ ([+-]+)$", text, re.MULTILINE) == [
        "+" * 20,
        "-" * 10,
        "+",
    ]


def test_bots_that_are_silent_and_licenses_that_end_are_told(bot):
    silent = BotInstanceFactory.create(
        owner=bot.user, instance_name="Silent", last_heartbeat=SEVEN - DAY
    )
    silent.license.expires_at = SEVEN + 3 * DAY
    silent.license.save()

    assert send_due_digests(now=SEVEN) == 1

    text, html = parts(sent()[0])
    for told in (text, words(html)):
        assert "Silent is offline since 29 Nov 2026 07:00." in told
        assert f"…{silent.license.key_tail} ends on 3 Dec 2026 07:00." in told
        assert "No trade closed in this week." in told


def test_a_daily_digest_tells_of_the_day_and_shows_the_week(bot):
    choose_digest(user=bot.user, frequency=DigestFrequency.DAILY, now=LONG_AGO)
    trade_in_the_week(bot, 1, 2, 3, 4, 5, 6, 7)

    send_due_digests(now=SEVEN)

    message = sent()[0]
    text, _ = parts(message)
    assert message.subject == "Your day: +7.00 USD"
    assert "Sunday, 29 November 2026" in text
    assert len(re.findall(r": \S+ \++$", text, re.MULTILINE)) == 7


def test_markup_is_text(bot):
    BotInstance.objects.update(
        instance_name=MARKUP,
        account_currency="<i>",
        heartbeat_message=MARKUP,
        source=BotSource.EA,
        status="error",
        last_heartbeat=SEVEN,
    )
    other = bot_of(bot.user, f"{MARKUP}\nSubject: no", "<i>")
    trade_in_the_week(bot, 5)
    trade_in_the_week(other, -5)

    send_due_digests(now=SEVEN)

    message = sent()[0]
    text, html = parts(message)
    assert MARKUP in text
    assert MARKUP not in html
    assert "<i>" not in html
    assert html.count("&lt;img src=x&gt;") >= 3
    assert "\n" not in message.subject


def test_bots_cost_no_queries(bot, count_statements):
    trade_in_the_week(bot, 5)
    with count_statements() as one:
        send_due_digests(now=SEVEN)
    for name in ("B", "C"):
        trade_in_the_week(bot_of(bot.user, name), 5)
    Digest.objects.all().delete()
    with count_statements() as three:
        send_due_digests(now=SEVEN)

    assert len(one) == len(three)


# --- The end of it --------------------------------------------------------------------
def stop_address(message):
    (address,) = re.findall(r"Stop it: http://[^/]+(/\S+)", message.body)
    return address


def test_a_mail_tells_clients_how_to_stop_it_with_one_click(bot):
    trade_in_the_week(bot, 5)
    send_due_digests(now=SEVEN)

    (message,) = sent()

    headers = message.message()
    assert headers["List-Unsubscribe"].endswith(f"{stop_address(message)}>")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_link_asks_and_only_a_post_stops(bot):
    trade_in_the_week(bot, 5)
    send_due_digests(now=SEVEN)
    address = stop_address(sent()[0])
    stranger = Client(enforce_csrf_checks=True)

    asked = stranger.get(address)
    chosen_by_looking = DigestChoice.objects.exists()
    stopped = stranger.post(address, {"List-Unsubscribe": "One-Click"})

    assert (asked.status_code, stopped.status_code) == (200, 200)
    assert not chosen_by_looking
    assert DigestChoice.objects.get(user=bot.user).frequency == DigestFrequency.NEVER


@pytest.mark.parametrize("token", ["x", "0" * 32, f"{'0' * 32}:signature", ":"])
def test_nobody_stops_anything_with_a_token_of_their_own(client, bot, token):
    address = reverse("digest_stop", args=[token])

    assert client.post(address).status_code == 404
    assert not DigestChoice.objects.exists()


# --- Pages ----------------------------------------------------------------------------
def test_a_user_chooses_on_the_settings_page(client, berlin, charlie):
    client.force_login(berlin)

    answer = client.post(reverse("digest_choose"), {"frequency": "daily"}, follow=True)

    assert DigestChoice.objects.get().user == berlin
    assert '<option value="daily" selected>' in answer.content.decode()


def test_a_choice_that_there_is_not_is_refused(client, berlin):
    client.force_login(berlin)

    for sent_fields in ({}, {"frequency": "hourly"}):
        assert client.post(reverse("digest_choose"), sent_fields).status_code == 400
    assert not DigestChoice.objects.exists()


@pytest.mark.parametrize(
    ("query", "title"),
    [("", "Week 48"), ("?frequency=daily", "Sunday, 29 November 2026")],
)
def test_a_user_sees_their_own_digest_beforehand(
    client, bot, charlie, monkeypatch, query, title
):
    monkeypatch.setattr(clock, "now", lambda: SEVEN)
    trade_in_the_week(bot, 1, 2, 3, 4, 5, 6, 7)
    told = {}
    for user in (bot.user, charlie):
        client.force_login(user)
        told[user] = client.get(reverse("digest_preview") + query).content.decode()

    assert title in told[bot.user]
    assert "+7.00" in told[bot.user]
    assert "+7.00" not in told[charlie]


def test_a_preview_of_nothing_known_is_refused(client, berlin):
    client.force_login(berlin)

    assert client.get(reverse("digest_preview") + "?frequency=x").status_code == 400


def test_the_mail_has_no_style_that_the_csp_would_stop(client, bot):
    trade_in_the_week(bot, 1)
    client.force_login(bot.user)

    html = client.get(reverse("digest_preview")).content.decode()

    assert re.findall(r"<style|<script|stylesheet|<img| style=| on\w+=", html) == []
