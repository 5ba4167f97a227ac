"""What people come for works with JavaScript switched off.

Filters, commands, settings of a bot, keys, uploads and connecting: beside their pages.
"""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import User
from accounts.tests.factories import PASSWORD
from analytics.models import PublicFigure
from analytics.services import track_records
from bots.models import BotInstance
from bots.tests.factories import BotInstanceFactory, BotLogFactory
from smarttrader.lib import clock
from trading.tests.factories import ClosedTradeFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_limits"),
]


@pytest.fixture
def bot(alice):
    return BotInstanceFactory.create(
        owner=alice,
        instance_name="Alpha",
        account_currency="USD",
        last_heartbeat=clock.now(),
    )


@pytest.fixture
def plain(browser, alice, live_server):
    """Return a function that opens a page by its URL's name, signed in by the form."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(live_server.url + reverse("account_login"))
    page.get_by_label("Email").fill(alice.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile(reverse("account_login")))

    def go(name, *args, query=""):
        page.goto(f"{live_server.url}{reverse(name, args=args)}{query}")
        return page

    yield go
    context.close()


def test_a_key_is_replaced_and_an_account_released(plain, bot):
    page = plain("licenses")

    page.get_by_role("link", name="Replace the key").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Replace the key").click()
    expect(page.get_by_role("status")).to_contain_text("has a new key")
    page = plain("licenses")
    page.get_by_role("link", name=f"Release account {bot.mt4_account}").click()
    page.get_by_role("button", name="Release").click()

    expect(page.get_by_role("status")).to_contain_text("is released")
    assert BotInstance.objects.get().released_at is not None


def test_lists_are_paged_and_columns_chosen(plain, bot):
    now = clock.now()
    for number in range(52):
        ClosedTradeFactory(
            bot_instance=bot,
            ticket_number=f"{1000 + number}",
            opened_at=now - timedelta(hours=number + 2),
        )
    for number in range(16):
        created_at = now - timedelta(minutes=number)
        BotLogFactory(bot_instance=bot, message=f"Line {number}", created_at=created_at)

    page = plain("trades")
    page.get_by_role("link", name="Older").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page = plain("trades")
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Stop loss").check()
    page.get_by_role("button", name="Show").click()
    expect(page.locator("thead")).to_contain_text("Stop loss")
    page = plain("bot", bot.pk)
    page.get_by_role("link", name="Older").click()
    expect(page.locator("#log li")).to_have_count(1)


def test_a_public_page_is_renewed_and_switched_off(plain, bot, live_server):
    record = track_records.save_track_record(
        bot=bot,
        title="Steady",
        is_public=True,
        is_indexed=False,
        figures=list(PublicFigure),
        delay_hours=24,
        now=clock.now(),
    )
    page = plain("bot", bot.pk)

    page.get_by_role("link", name="Public page").click()
    page.get_by_role("button", name="Make a new link").click()
    expect(page.get_by_role("status")).to_contain_text("the old one is dead")
    page.get_by_label("Everybody who has the link").uncheck()
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Switched off")).to_be_visible()
    slug = record.slug
    record.refresh_from_db()
    assert (record.is_public, record.slug != slug) == (False, True)


def test_the_profile_is_changed_and_everything_signed_out(plain, alice):
    page = plain("settings")

    profile = page.get_by_role("region", name="Profile")
    profile.get_by_label("First name").fill("Alicia")
    profile.get_by_label("Time zone").select_option("Asia/Tokyo")
    profile.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your settings are saved")).to_be_visible()
    page.get_by_role("button", name="End all tokens").click()

    alice.refresh_from_db()
    assert (alice.first_name, alice.time_zone) == ("Alicia", "Asia/Tokyo")
    assert alice.session_version > 1


def test_an_account_is_deleted(plain, alice):
    page = plain("settings_delete")

    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete for ever").click()

    expect(page.get_by_text("are deleted")).to_be_visible()
    assert not User.objects.filter(pk=alice.pk).exists()
