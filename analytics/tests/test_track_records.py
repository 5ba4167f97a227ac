import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.threads import all_at_once
from analytics.models import PublicFigure, PublicTrackRecord, VerifiedTrades
from analytics.services import rollups, track_records
from bots.models import BotInstance
from bots.tests.factories import BotInstanceFactory
from smarttrader.lib import clock
from trading.tests.factories import ClosedTradeFactory, TradeFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVERYTHING = list(PublicFigure)


@pytest.fixture
def now(monkeypatch):
    """Let the doors read this clock."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return NOW


@pytest.fixture
def bot(alice, now):
    bot = BotInstanceFactory.create(
        owner=alice,
        instance_name="Alice's secret bot",
        mt4_account="98765432",
        broker_name="Hidden Brokers",
        broker_server="Hidden-Live7",
        account_currency="USD",
    )
    ClosedTradeFactory(
        bot_instance=bot,
        ticket_number="7654321",
        opened_at=NOW - timedelta(hours=9),
        comment="a private remark",
        strategy_used="a private strategy",
        magic_number=424242,
    )
    rollups.roll_up(now=NOW)
    return bot


def publish(bot, **choice):
    return track_records.save_track_record(
        **{
            "bot": bot,
            "title": "Steady",
            "is_public": True,
            "is_indexed": False,
            "figures": EVERYTHING,
            "delay_hours": 24,
            "now": NOW,
            **choice,
        }
    )


def see(record, name="track_record"):
    """Look at the page as somebody who is not signed in."""
    return Client().get(reverse(name, args=[record.slug]))


def lines_of(badge):
    """Return the lines of a picture."""
    picture = ET.fromstring(badge.content)  # noqa: S314 -- ours
    return [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]


def edit(browser, bot, **values):
    return browser.post(reverse("track_record_edit", args=[bot.pk]), values)


def test_everybody_with_the_link_sees_it(bot):
    response = see(publish(bot))

    assert response.status_code == 200
    page = response.content.decode()
    for text in ("Steady", "+9.30", "EURUSD", "November 2026", "USD"):
        assert text in page


def test_nothing_of_the_person_is_told(bot, alice):
    record = publish(bot)
    TradeFactory(
        bot_instance=bot, ticket_number="1111111", opened_at=NOW - timedelta(days=3)
    )

    told = (
        see(record).content.decode()
        + see(record, "track_record_badge").content.decode()
    )

    for secret in (
        alice.email,
        alice.first_name,
        bot.instance_name,
        "secret bot",
        bot.mt4_account,
        bot.broker_name,
        bot.broker_server,
        bot.license.license_key,
        bot.license.masked_key,
        f"…{bot.license.key_tail}",
        "7654321",
        "1111111",
        "private",
        "424242",
        str(bot.pk),
        bot.pk.hex,
    ):
        assert secret not in told


def test_what_was_not_chosen_is_not_told(bot):
    page = see(publish(bot, figures=[PublicFigure.WIN_RATE])).content.decode()

    assert "100.0%" in page
    for text in ("9.30", "USD", "November 2026", 'class="balance"', "Profit factor"):
        assert text not in page


def test_without_amounts_a_curve_has_no_scale(bot):
    page = see(publish(bot, figures=[PublicFigure.CURVE])).content.decode()

    assert 'class="balance"' in page
    assert "9.30" not in page
    axis = re.search(r'<svg class="axis" height="230"[^>]*>(.*?)</svg>', page)
    assert axis is not None
    assert axis[1] == ""
    assert 'class="grid"' not in page
    assert 'class="grid"' in see(publish(bot)).content.decode()


@pytest.mark.parametrize(
    ("days_ago", "end"), [(80, "23 Nov 2026"), (100, "15 Aug 2026")]
)
def test_the_curve_of_an_account_that_rested_ends_with_it(alice, now, days_ago, end):
    bot = BotInstanceFactory.create(owner=alice)
    ClosedTradeFactory(bot_instance=bot, opened_at=NOW - timedelta(days=days_ago))
    rollups.roll_up(now=NOW)

    response = see(publish(bot))

    assert f"{response.context['chart'].end:%d %b %Y}" == end


def test_an_open_trade_is_shown_after_its_delay(bot):
    for ticket, hours, symbol in (("1", 23, "GBPUSD"), ("2", 25, "AUDUSD")):
        TradeFactory(
            bot_instance=bot,
            ticket_number=ticket,
            symbol=symbol,
            opened_at=NOW - timedelta(hours=hours),
            stop_loss=Decimal("1.23456"),
        )

    page = see(publish(bot)).content.decode()

    assert "AUDUSD" in page
    assert "GBPUSD" not in page
    assert "1.23456" not in page
    assert "GBPUSD" in see(publish(bot, delay_hours=0)).content.decode()


@pytest.mark.parametrize(
    ("figures", "delay", "is_told"),
    [(EVERYTHING, 24, False), (EVERYTHING, 1, True), (["closed_trades"], 1, False)],
)
def test_a_closed_part_is_kept_as_long_as_its_open_rest(bot, figures, delay, is_told):
    opened_at = NOW - timedelta(hours=2)
    part = {"bot_instance": bot, "symbol": "GBPUSD", "opened_at": opened_at}
    ClosedTradeFactory(ticket_number="1", comment="to #2", **part)
    TradeFactory(ticket_number="2", continued_from="1", **part)

    page = see(publish(bot, figures=figures, delay_hours=delay)).content.decode()

    assert ("GBPUSD" in page) == is_told
    assert "EURUSD" in page


def test_months_tell_only_what_was_chosen(bot):
    page = see(publish(bot, figures=[PublicFigure.MONTHS])).content.decode()

    assert "November 2026" in page
    for text in ("100%", "Won", "Factor"):
        assert text not in page


def test_a_month_without_losses_says_so(bot):
    figures = [PublicFigure.MONTHS, PublicFigure.PROFIT_FACTOR]

    page = see(publish(bot, figures=figures)).content.decode()

    assert page.count("No losses") == 2


def test_ratios_have_four_decimals(bot):
    ClosedTradeFactory(
        bot_instance=bot, opened_at=NOW - timedelta(hours=8), profit=Decimal("-9.00")
    )
    rollups.roll_up(now=NOW)

    page = see(publish(bot, figures=[PublicFigure.SHARPE])).content.decode()

    # Of +9.30 and -9.70: a mean of -0.2 by a deviation of 13.4350.
    assert "\N{MINUS SIGN}0.0149" in page


@pytest.mark.parametrize("slug", ["nonsense", "x" * 300])
def test_a_link_that_nobody_made_leads_nowhere(bot, slug):
    publish(bot)

    for name in ("track_record", "track_record_badge"):
        assert Client().get(reverse(name, args=[slug])).status_code == 404


def test_switched_off_it_is_not_there(bot):
    record = publish(bot, is_public=False)

    assert see(record).status_code == 404
    assert see(record, "track_record_badge").status_code == 404


def test_it_ends_with_its_owner(bot, alice):
    record = publish(bot)
    alice.is_active = False
    alice.save()
    assert see(record).status_code == 404

    alice.delete()

    assert PublicTrackRecord.objects.count() == 0


def test_search_engines_are_kept_out_unless_wanted(bot):
    hidden = see(publish(bot))
    listed = see(publish(bot, is_indexed=True))

    assert hidden["X-Robots-Tag"] == "noindex, nofollow"
    assert '<meta name="robots" content="noindex, nofollow">' in hidden.content.decode()
    assert "X-Robots-Tag" not in listed
    assert "robots" not in listed.content.decode()


def test_what_statements_prove_is_seen_at_once(bot):
    record = publish(bot)
    assert "badge-check" not in see(record).content.decode()

    VerifiedTrades.objects.create(bot_instance=bot, trades=1, verified_at=NOW)

    verified = see(record).content.decode()
    assert "Verified statement" in verified
    assert "1 of the 1 closed trades is in statements of this account" in verified


def test_a_statement_of_some_trades_verifies_no_more_than_those(bot):
    ClosedTradeFactory(bot_instance=bot, opened_at=NOW - timedelta(hours=8))
    rollups.roll_up(now=NOW)
    record = publish(bot)
    VerifiedTrades.objects.create(bot_instance=bot, trades=1, verified_at=NOW)

    page = see(record).content.decode()
    badge = see(record, "track_record_badge").content.decode()

    assert "1 of 2 trades verified" in page
    assert "Verified statement" not in page
    assert "2 trades · 1 verified" in badge
    assert "<path" not in badge


def test_it_looks_the_same_to_its_owner(bot, client, alice):
    record = publish(bot)
    client.force_login(alice)

    page = client.get(reverse("track_record", args=[record.slug])).content.decode()

    assert page == see(record).content.decode()


def test_the_badge_is_an_image_that_other_sites_may_keep(bot):
    response = see(publish(bot, title="<b>A & B</b>"), "track_record_badge")

    assert response["Content-Type"] == "image/svg+xml"
    assert response["Cache-Control"] == "public, max-age=300"
    picture = ET.fromstring(response.content)  # noqa: S314 -- ours
    assert picture.attrib["aria-label"] == "<b>A & B</b>"
    assert lines_of(response) == ["<b>A & B</b>", "+9.30 USD, 100.0% won", "1 trade"]
    assert "style" not in response.content.decode()


def test_the_badge_speaks_its_owners_language_whoever_looks(bot, alice):
    alice.language = "de"
    alice.save()

    response = see(publish(bot), "track_record_badge")

    won = "+9,30 USD, 100,0\N{NO-BREAK SPACE}% gewonnen"
    assert lines_of(response) == ["Steady", won, "1 Trade"]
    assert response["Content-Language"] == "de"


def test_the_badge_tells_no_amounts_that_were_not_chosen(bot):
    response = see(publish(bot, figures=[]), "track_record_badge")

    assert "9.30" not in response.content.decode()
    assert "%" not in response.content.decode()


def test_a_title_is_inert(bot):
    page = see(publish(bot, title="<script>alert(1)</script>")).content.decode()

    assert "<script>alert" not in page


def test_a_page_with_thirty_months_asks_as_much_as_one_with_one(bot, count_statements):
    record = publish(bot)
    with count_statements() as for_one:
        see(record)
    for month in range(30):
        ClosedTradeFactory(
            bot_instance=bot, opened_at=NOW - timedelta(days=31 * month + 1)
        )
    rollups.roll_up(now=NOW)
    publish(bot, title="Drawn anew")

    with count_statements() as for_many:
        see(record)

    assert len(for_many) == len(for_one)


# --- How often, and what is kept of it ------------------------------------------------
BOTH = ("track_record", "track_record_badge")


@pytest.mark.parametrize("name", BOTH)
def test_who_has_it_already_gets_no_second_copy(bot, name):
    record = publish(bot)
    first = see(record, name)
    again = Client().get(
        reverse(name, args=[record.slug]), headers={"If-None-Match": first["ETag"]}
    )

    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert again["Cache-Control"] == first["Cache-Control"]


def test_browsers_ask_each_time_whether_the_page_is_still_there(bot):
    record = publish(bot)
    page = see(record)
    assert page["Cache-Control"] == "no-cache"

    publish(bot, is_public=False)

    path = reverse("track_record", args=[record.slug])
    gone = Client().get(path, headers={"If-None-Match": page["ETag"]})
    assert gone.status_code == 404


@pytest.mark.parametrize("name", BOTH)
def test_what_is_kept_is_drawn_once_and_nothing_that_is_switched_off(
    bot, name, count_statements
):
    record = publish(bot)
    with count_statements() as drawn:
        first = see(record, name)
    with count_statements() as kept:
        assert see(record, name).content == first.content
    assert len(kept) == 2 < len(drawn)
    assert b"9.30" in first.content

    publish(bot, figures=[PublicFigure.WIN_RATE])
    assert b"9.30" not in see(record, name).content

    publish(bot, is_public=False)
    assert see(record, name).status_code == 404

    publish(bot)
    assert b"9.30" in see(record, name).content


def test_nobody_sees_it_in_the_theme_of_another(bot):
    path = reverse("track_record", args=[publish(bot).slug])
    chosen = {"dark": 'data-theme="dark"', "light": 'data-theme="light"'}

    for theme, told in chosen.items():
        visitor = Client()
        visitor.cookies["theme"] = theme
        assert told in visitor.get(path).content.decode()
    for theme in ("", "mauve"):
        visitor = Client()
        visitor.cookies["theme"] = theme
        assert "data-theme=" not in visitor.get(path).content.decode()


def test_each_language_has_its_own_page(bot):
    path = reverse("track_record", args=[publish(bot).slug])

    for language, text in (("en", "Closed trades"), ("de", "Geschlossene Trades")):
        page = Client().get(path, headers={"Accept-Language": language})
        assert text in page.content.decode()
        assert page["Content-Language"] == language
        assert "Accept-Language" in page["Vary"]


def test_an_address_that_looks_too_often_has_to_wait(bot, settings, one_window):
    settings.PUBLIC_CALLS_PER_IP = 2
    record = publish(bot)
    page, picture = (reverse(name, args=[record.slug]) for name in BOTH)

    answers = [Client().get(path) for path in (page, picture, page, "/t/guess/")]

    assert [each.status_code for each in answers] == [200, 200, 429, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 61
    assert "ETag" not in answers[2]
    elsewhere = Client(REMOTE_ADDR="192.0.2.7").get(page)
    assert elsewhere.status_code == 200


# --- Its owner ------------------------------------------------------------------------
@pytest.fixture
def alices_browser(client, alice):
    client.force_login(alice)
    return client


def test_an_owner_switches_it_on_and_gets_a_link(alices_browser, bot, settings):
    settings.SITE_URL = "https://trader.example/"
    edit(
        alices_browser,
        bot,
        is_public="on",
        title="  My record ",
        figures=["win_rate", "curve"],
        delay_hours="12",
    )

    record = PublicTrackRecord.objects.get()
    assert (record.title, record.is_public, record.is_indexed) == (
        "My record",
        True,
        False,
    )
    assert (record.figures, record.delay_hours) == (["curve", "win_rate"], 12)
    assert re.fullmatch(r"[\w-]{22}", record.slug)
    page = alices_browser.get(reverse("track_record_edit", args=[bot.pk]))
    assert f"https://trader.example/t/{record.slug}/" in page.content.decode()


def test_saving_again_keeps_the_link(bot):
    first = publish(bot)
    second = publish(bot, title="Another")

    assert (second.pk, second.slug) == (first.pk, first.slug)
    assert second.title == "Another"


def test_a_new_link_kills_the_old_one(alices_browser, bot):
    record = publish(bot)

    edit(alices_browser, bot, renew="1")

    assert see(record).status_code == 404
    record.refresh_from_db()
    assert see(record).status_code == 200


@pytest.mark.parametrize(
    "values",
    [
        {"title": ""},
        {"title": "\u200b"},
        {"title": "x" * 81},
        {"figures": ["password"]},
        {"delay_hours": "-1"},
        {"delay_hours": "721"},
        {"delay_hours": "soon"},
    ],
)
def test_what_cannot_be_kept_is_refused(alices_browser, bot, values):
    response = edit(alices_browser, bot, **{"title": "A", "delay_hours": "1", **values})

    assert response.status_code == 400
    assert not PublicTrackRecord.objects.exists()


def test_a_stranger_sets_up_nothing(client, charlie, bot):
    client.force_login(charlie)

    assert edit(client, bot, title="Mine", delay_hours="0").status_code == 404
    assert edit(client, bot, renew="1").status_code == 404
    assert not PublicTrackRecord.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_save_at_once_make_one_page(alice, now):
    bot = BotInstanceFactory.create(owner=alice)

    slugs = all_at_once([lambda: publish(BotInstance.objects.get(pk=bot.pk)).slug] * 4)

    assert set(slugs) == {PublicTrackRecord.objects.get().slug}
