from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from analytics.models import PublicTrackRecord, RollupDirty, StatementCheck
from analytics.services import rollups
from bots.models import BotSource, BotState
from bots.tests.factories import BotInstanceFactory, BotLogFactory, BotSettingsFactory
from licensing.tests.factories import LicenseFactory
from smarttrader.lib import clock
from trading.tests.factories import (
    ClosedTradeFactory,
    StatementImportFactory,
    TradeFactory,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OVERVIEW = reverse("overview")


@pytest.fixture
def now(monkeypatch):
    """Let the doors read this clock."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return NOW


@pytest.fixture
def bot(alice, now):
    return BotInstanceFactory(
        owner=alice,
        instance_name="Alpha",
        account_currency="USD",
        last_heartbeat=now - timedelta(seconds=20),
        balance=Decimal(1000),
        equity=Decimal("1012.50"),
    )


@pytest.fixture
def alices_browser(client, alice):
    client.force_login(alice)
    return client


def pulse(alices_browser, url, version):
    return alices_browser.get(url, {"v": version}, headers={"HX-Target": "pulse"})


def troubles(response):
    return [each.trouble for each in response.context["attention"]]


def close_trade(bot, **fields):
    trade = ClosedTradeFactory(
        bot_instance=bot, **{"opened_at": NOW - timedelta(hours=3), **fields}
    )
    rollups.roll_up(now=NOW)
    return trade


def heard(bot, seconds_ago, **fields):
    bot.last_heartbeat = NOW - timedelta(seconds=seconds_ago)
    for name, value in fields.items():
        setattr(bot, name, value)
    bot.save()


@pytest.mark.parametrize(
    ("seconds_ago", "status", "state"),
    [
        (20, "running", BotState.ONLINE),
        (100, "running", BotState.SLOW),
        (200, "running", BotState.OFFLINE),
        (20, "paused", BotState.PAUSED),
        (20, "error", BotState.ERROR),
    ],
)
def test_overview_shows_the_state_and_the_last_signal(
    alices_browser, bot, seconds_ago, status, state
):
    heard(bot, seconds_ago, status=status)

    response = alices_browser.get(OVERVIEW)

    assert [each.state for each in response.context["bots"]] == [state]
    page = response.content.decode()
    assert str(state.label) in page
    assert "last signal" in page


def test_a_bot_that_was_never_heard_says_so(alices_browser, alice, now):
    BotInstanceFactory(owner=alice)

    page = alices_browser.get(OVERVIEW).content.decode()

    assert "Never connected" in page
    assert "no signal yet" in page
    assert "The curve begins with the first closed trade" in page
    assert "No trades yet" in page


def test_equity_of_a_currency_is_added_up_with_what_is_open(alices_browser, bot, alice):
    BotInstanceFactory(
        owner=alice,
        account_currency="USD",
        last_heartbeat=NOW,
        balance=Decimal(500),
        equity=Decimal("480.00"),
    )
    BotInstanceFactory(
        owner=alice,
        account_currency="EUR",
        last_heartbeat=NOW,
        balance=Decimal(7),
        equity=Decimal(7),
    )

    equity = alices_browser.get(OVERVIEW, {"currency": "USD"}).context["equity"]

    assert (equity.bots, equity.equity) == (2, Decimal("1492.50"))
    assert equity.open_profit == Decimal("-7.50")


def test_equity_that_was_told_long_ago_says_when(alices_browser, bot):
    assert alices_browser.get(OVERVIEW).context["equity"].stale_since is None

    heard(bot, 7200)

    response = alices_browser.get(OVERVIEW)
    assert response.context["equity"].stale_since == bot.last_heartbeat
    assert "as told <time" in response.content.decode()


def test_only_what_was_told_long_ago_says_when(alices_browser, bot, alice):
    heard(bot, 7200)
    for _ in range(2):
        money = {"balance": Decimal(1), "equity": Decimal(1)}
        other = BotInstanceFactory(
            owner=alice, account_currency="USD", last_heartbeat=NOW, **money
        )
    of_one = alices_browser.get(OVERVIEW).content.decode()
    heard(other, 3600)
    of_two = alices_browser.get(OVERVIEW).content.decode()

    assert "of which Alpha as told <time" in of_one
    assert "of which 2 bots as told since <time" in of_two
    assert "23 Nov 2026 10:00</time>" in of_two


def test_play_money_is_told_from_real_money(alices_browser, bot, alice):
    heard(bot, 20, is_live=True)
    all_live = alices_browser.get(OVERVIEW).content.decode()
    BotInstanceFactory(
        owner=alice,
        account_currency="USD",
        last_heartbeat=NOW,
        balance=Decimal(500),
        equity=Decimal("480.00"),
    )
    mixed = alices_browser.get(OVERVIEW).content.decode()

    assert "of which demo" not in all_live
    assert "1 live" in all_live
    assert "1,492.50" in mixed
    assert "of which demo 480.00" in mixed
    assert "1 demo" in mixed


def test_a_long_list_of_troubles_is_cut_and_counted(alices_browser, alice, now):
    for _ in range(8):
        BotInstanceFactory(owner=alice, last_heartbeat=now - timedelta(days=1))

    page = alices_browser.get(OVERVIEW).content.decode()

    assert "8 things need your attention" in page
    first, folded = page.split("and 3 more")
    assert (first.count("is offline"), folded.count("is offline")) == (5, 3)


def test_a_trouble_that_is_cut_leads_to_where_it_is(alices_browser, alice, now):
    for _ in range(5):
        bot = BotInstanceFactory(owner=alice, last_heartbeat=now - timedelta(days=1))
    license = LicenseFactory.create(user=alice, expires_at=NOW)
    BotInstanceFactory(license=license, last_heartbeat=NOW)
    differing = StatementImportFactory.create(bot_instance=bot)
    StatementCheck.objects.create(statement_import=differing, figures=[], mismatches=2)

    _, folded = alices_browser.get(OVERVIEW).content.decode().split("and 2 more")

    assert reverse("license", args=[license.pk]) in folded
    assert reverse("statement", args=[differing.pk]) in folded


def test_only_bots_that_can_be_online_are_counted(alices_browser, bot, alice):
    BotInstanceFactory(owner=alice, source=BotSource.STATEMENT)
    BotInstanceFactory(owner=alice, last_heartbeat=NOW, released_at=NOW)
    assert "1 of 1 bot is online" in alices_browser.get(OVERVIEW).content.decode()

    bot.delete()

    assert "No bot is connected" in alices_browser.get(OVERVIEW).content.decode()


def test_two_bots_on_one_account_hold_its_money_once(alices_browser, bot, alice):
    BotInstanceFactory(
        owner=alice,
        mt4_account=bot.mt4_account,
        broker_server=bot.broker_server.upper(),
        account_currency="USD",
        last_heartbeat=NOW,
        balance=Decimal(1001),
        equity=Decimal(1002),
    )

    equity = alices_browser.get(OVERVIEW).context["equity"]

    assert (equity.bots, equity.equity) == (1, Decimal(1002))


def test_the_first_run_offers_both_ways_and_waits_for_a_signal(alices_browser, alice):
    LicenseFactory.create(user=alice)

    page = alices_browser.get(OVERVIEW).content.decode()
    waiting = alices_browser.get(OVERVIEW, headers={"HX-Target": "waiting"})
    BotInstanceFactory(owner=alice)
    arrived = alices_browser.get(OVERVIEW, headers={"HX-Target": "waiting"})

    assert "Import a statement" in page
    assert "Connect a bot" in page
    assert reverse("connect") in page
    assert (waiting.status_code, "HX-Refresh" in waiting) == (204, False)
    assert arrived["HX-Refresh"] == "true"


def test_the_first_run_without_a_license_says_whom_to_ask(alices_browser):
    assert "no license yet" in alices_browser.get(OVERVIEW).content.decode()


def test_all_is_well_when_nothing_needs_a_hand(alices_browser, bot):
    response = alices_browser.get(OVERVIEW)

    assert troubles(response) == []
    assert "All is well" in response.content.decode()


def test_what_needs_attention_is_told_the_most_urgent_first(alices_browser, bot, alice):
    heard(bot, 7200, open_trades=2)
    BotInstanceFactory(
        owner=alice, last_heartbeat=NOW, status="error", instance_name="Broken"
    )
    for ends in (NOW - timedelta(days=1), NOW + timedelta(days=9)):
        BotInstanceFactory(
            license=LicenseFactory(user=alice, expires_at=ends), last_heartbeat=NOW
        )
    StatementCheck.objects.create(
        statement_import=StatementImportFactory.create(bot_instance=bot),
        figures=[],
        mismatches=2,
    )

    response = alices_browser.get(OVERVIEW)

    assert troubles(response) == [
        "bot_error",
        "bot_offline",
        "license_expired",
        "license_expiring",
        "statement_differs",
    ]
    page = response.content.decode()
    assert "Broken reports an error" in page
    assert "2 open trades are not managed" in page
    assert "expires in 9 days" in page


def test_nobody_waits_for_released_bots_files_and_their_licenses(
    alices_browser, alice, now
):
    gone = LicenseFactory(user=alice, expires_at=NOW - timedelta(days=400))
    BotInstanceFactory(
        license=gone, last_heartbeat=NOW - timedelta(days=300), released_at=NOW
    )
    BotInstanceFactory(license=gone, source=BotSource.STATEMENT)

    assert troubles(alices_browser.get(OVERVIEW)) == []


def test_a_newer_statement_that_agrees_ends_the_warning(alices_browser, bot):
    for mismatches in (2, 0):
        StatementCheck.objects.create(
            statement_import=StatementImportFactory.create(bot_instance=bot),
            figures=[],
            mismatches=mismatches,
        )

    assert troubles(alices_browser.get(OVERVIEW)) == []


@pytest.mark.parametrize("name", ["overview", "bots", "bot"])
def test_the_pulse_is_answered_with_nothing_when_nothing_changed(
    alices_browser, bot, name
):
    url = reverse(name, args=[bot.pk] if name == "bot" else [])
    close_trade(bot)
    version = alices_browser.get(url).context["versions"]

    response = pulse(alices_browser, url, version)

    assert response.status_code == 204
    assert response.content == b""
    assert response["Data-From"] == "12:00"


def test_a_page_tells_when_it_was_told_in_the_reader_s_zone(alices_browser, bot, alice):
    alice.time_zone = "Asia/Kolkata"
    alice.save()

    page = alices_browser.get(OVERVIEW)

    shown = page.content.decode()
    assert "<time data-from>17:30</time> (Asia/Kolkata)" in shown
    assert '"timeout": 8000' in shown
    TradeFactory(bot_instance=bot, opened_at=NOW)
    answer = pulse(alices_browser, OVERVIEW, page.context["versions"])
    assert answer["Data-From"] == "17:30"
    assert "<time data-from>17:30</time>" in answer.content.decode()


def test_the_pulse_brings_only_what_changed(alices_browser, bot):
    version = alices_browser.get(OVERVIEW).context["versions"]
    TradeFactory(bot_instance=bot, ticket_number="4711", opened_at=NOW)

    answer = pulse(alices_browser, OVERVIEW, version)

    page = answer.content.decode()
    assert 'id="latest"' in page
    assert "4711" in page
    assert 'id="bots"' not in page
    assert 'id="chart"' not in page
    assert (
        pulse(alices_browser, OVERVIEW, answer.context["versions"]).status_code == 204
    )


def test_the_pulse_brings_figures_and_curve_after_a_close(alices_browser, bot):
    version = alices_browser.get(OVERVIEW).context["versions"]
    close_trade(bot, ticket_number="4711", profit=Decimal("20.70"))

    page = pulse(alices_browser, OVERVIEW, version).content.decode()

    assert 'id="figures"' in page
    assert 'id="chart"' in page
    assert "+20.00" in page


def test_the_pulse_leaves_a_zoomed_chart_alone(alices_browser, bot):
    zoomed = {"from": "2026-11-20T00:00Z", "to": "2026-11-23T00:00Z"}
    version = alices_browser.get(OVERVIEW, zoomed).context["versions"]
    close_trade(bot)

    answer = alices_browser.get(
        OVERVIEW, {**zoomed, "v": version}, headers={"HX-Target": "pulse"}
    )

    assert 'id="figures"' in answer.content.decode()
    assert 'id="chart"' not in answer.content.decode()


def test_a_quiet_pulse_reads_no_curve(alices_browser, bot, django_assert_num_queries):
    close_trade(bot)
    version = alices_browser.get(OVERVIEW).context["versions"]

    with django_assert_num_queries(11):
        pulse(alices_browser, OVERVIEW, version)


def test_the_chart_alone_is_a_part_of_the_page(alices_browser, bot):
    close_trade(bot)

    part = alices_browser.get(OVERVIEW, {"range": "7d"}, headers={"HX-Target": "chart"})

    page = part.content.decode()
    assert page.lstrip().startswith("<section")
    # Midnight, where the days of figures begin.
    assert part.context["period"].start == datetime(2026, 11, 16, tzinfo=UTC)


def test_an_account_that_rested_shows_all_its_time(alices_browser, bot):
    close_trade(bot, opened_at=NOW - timedelta(days=500))

    assert alices_browser.get(OVERVIEW).context["period"].name == "all"
    named = alices_browser.get(OVERVIEW, {"range": "30d"}).context
    assert named["period"].name == "30d"


@pytest.mark.parametrize(
    "period",
    [
        {"range": "2w"},
        {"from": "2026-11-20T00:00Z"},
        {"from": "yesterday", "to": "2026-11-20T00:00Z"},
        {"from": "2026-11-20T00:00Z", "to": "2026-11-20T00:30Z"},
        {"from": "2026-11-21T00:00Z", "to": "2026-11-20T00:00Z"},
        {"from": "0001-01-01T00:00+14:00", "to": "2026-11-20T00:00Z"},
        {"from": "0001-01-01T00:00Z", "to": "9999-12-31T00:00Z"},
    ],
)
def test_an_unreadable_period_is_refused(alices_browser, bot, period):
    assert alices_browser.get(OVERVIEW, period).status_code == 400


@pytest.mark.parametrize("name", ["overview", "bots", "bot", "track_record"])
def test_every_page_with_figures_says_that_they_wait_for_a_roll_up(
    alices_browser, bot, name
):
    close_trade(bot)
    record = PublicTrackRecord.objects.create(
        bot_instance=bot, slug="a-link", title="Steady", is_public=True
    )
    named = {"bot": [bot.pk], "track_record": [record.slug]}
    url = reverse(name, args=named.get(name, []))
    assert "not the latest" not in alices_browser.get(url).content.decode()

    RollupDirty.objects.create(bot_instance=bot, hour_start=NOW - timedelta(hours=2))
    PublicTrackRecord.objects.update(title="Drawn anew")

    assert "not the latest" in alices_browser.get(url).content.decode()


def test_bots_of_all_currencies_stand_beside_their_own(alices_browser, bot, alice):
    close_trade(bot)
    yen = BotInstanceFactory(owner=alice, account_currency="JPY")
    close_trade(yen, profit=Decimal(5000), commission=0, swap=0)

    page = alices_browser.get(reverse("bots")).content.decode()

    assert "+5,000<small>JPY</small>" in page
    assert "+9.30<small>USD</small>" in page


def test_without_a_bot_the_page_says_how_one_appears(alices_browser):
    assert "No bot yet" in alices_browser.get(reverse("bots")).content.decode()


@pytest.mark.parametrize("count", [1, 5])
def test_bots_ask_as_often_for_one_as_for_five(
    alices_browser, alice, count, now, django_assert_num_queries
):
    for _ in range(count):
        BotInstanceFactory(owner=alice)

    with django_assert_num_queries(7):
        alices_browser.get(reverse("bots"))


def test_a_bot_from_close_by(alices_browser, bot):
    BotSettingsFactory(bot_instance=bot, risk_percentage="1.50")
    BotLogFactory(bot_instance=bot, message="Spread too wide", created_at=NOW)
    close_trade(bot, ticket_number="4711")

    response = alices_browser.get(reverse("bot", args=[bot.pk]))

    page = response.content.decode()
    for shown in ("Spread too wide", "4711", "1.50%", "1,012.50 USD", "London"):
        assert shown in page
    assert bot.license.license_key not in page


def test_a_bot_without_settings_says_so(alices_browser, bot):
    page = alices_browser.get(reverse("bot", args=[bot.pk])).content.decode()

    assert "No settings kept" in page
    assert "Nothing logged" in page


def test_a_neighbors_bot_is_missing(client, charlie, bot):
    client.force_login(charlie)

    assert client.get(reverse("bot", args=[bot.pk])).status_code == 404
    assert "Alpha" not in client.get(reverse("bots")).content.decode()


def test_the_log_is_narrowed_by_level_and_category(alices_browser, bot):
    BotLogFactory(bot_instance=bot, message="one", created_at=NOW)
    BotLogFactory(
        bot_instance=bot,
        message="two",
        log_level="ERROR",
        category="TRADE",
        created_at=NOW,
    )
    url = reverse("bot", args=[bot.pk])

    def messages(**filters):
        return {
            line.message for line in alices_browser.get(url, filters).context["lines"]
        }

    assert messages() == {"one", "two"}
    assert messages(level="ERROR") == {"two"}
    assert messages(category="SYSTEM") == {"one"}
    assert messages(level="ERROR", category="SYSTEM") == set()


@pytest.mark.parametrize(
    "filters", [{"level": "LOUD"}, {"after": "x"}, {"after": "-" + "0" * 32}]
)
def test_an_unreadable_log_filter_is_refused(alices_browser, bot, filters):
    assert alices_browser.get(reverse("bot", args=[bot.pk]), filters).status_code == 400


def test_the_log_goes_on_and_ends_after_ninety_days(alices_browser, bot):
    for day in range(0, 100, 5):
        BotLogFactory(
            bot_instance=bot, message=str(day), created_at=NOW - timedelta(days=day)
        )
    url = reverse("bot", args=[bot.pk])

    first = alices_browser.get(url)
    older = alices_browser.get(
        url, {"after": str(first.context["next"])}, headers={"HX-Target": "log"}
    )

    shown = [line.message for line in first.context["lines"]]
    shown += [line.message for line in older.context["lines"]]
    assert shown == [str(day) for day in range(0, 95, 5)]
    assert older.context["next"] is None


def test_a_session_that_ended_moves_the_whole_page_to_the_sign_in(client):
    answer = client.get(
        OVERVIEW,
        headers={
            "HX-Request": "true",
            "HX-Target": "pulse",
            "HX-Current-URL": "http://testserver/?range=7d",
        },
    )

    assert answer.status_code == 204
    assert answer["HX-Redirect"] == "/accounts/login/?next=/%3Frange%3D7d"
