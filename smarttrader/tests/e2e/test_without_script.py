"""What people come for works with JavaScript switched off.

Filters, commands, settings of a bot, keys, uploads and connecting: beside their pages.
"""

import re
import zipfile
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import User
from accounts.services import emails
from accounts.tests.factories import PASSWORD
from analytics.models import PublicFigure
from analytics.services import track_records
from bots.models import BotInstance
from bots.tests.factories import BotInstanceFactory, BotLogFactory
from licensing.models import License
from notifications.models import WebhookEndpoint
from smarttrader.lib import clock
from smarttrader.tests.e2e.mailbox import mailed_code, mailed_path
from trading.tests.factories import ClosedTradeFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_limits"),
]

NEW_PASSWORD = "a different battery staple"


@pytest.fixture
def bot(alice):
    return BotInstanceFactory.create(
        owner=alice,
        instance_name="Alpha",
        account_currency="USD",
        last_heartbeat=clock.now(),
    )


@pytest.fixture
def stranger(browser, live_server):
    """Return a function that opens a page by its URL's name, signed out."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(15_000)

    def go(name, *args, query=""):
        page.goto(f"{live_server.url}{reverse(name, args=args)}{query}")
        return page

    yield go
    context.close()


@pytest.fixture
def plain(stranger, alice):
    """Return the same function, once Alice is signed in by the form."""
    sign_in(stranger("account_login"), alice.email)
    return stranger


def sign_in(page, email, password=PASSWORD):
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile(reverse("account_login")))


def test_signing_up_with_a_code_from_the_mail(stranger):
    page = stranger("account_signup")

    page.get_by_label("Email").fill("nina@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_label("Code").fill(mailed_code("nina@example.com"))
    page.get_by_role("button", name="Confirm").click()

    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    assert User.objects.get(email="nina@example.com").email_verified


def test_a_forgotten_password_is_replaced(stranger, alice, live_server):
    emails.know_address(user=alice)
    page = stranger("account_login")

    page.get_by_role("link", name="Forgot password?").click()
    page.get_by_label("Email").fill(alice.email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    page.goto(live_server.url + mailed_path(alice.email))
    page.get_by_label("New Password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New Password (again)").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    sign_in(stranger("account_login"), alice.email, NEW_PASSWORD)

    expect(page.get_by_role("button", name="Account menu")).to_be_visible()


def test_the_language_of_the_entrance_is_chosen(stranger):
    page = stranger("account_login")

    page.get_by_role("button", name="Deutsch").click()

    expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()


def test_the_menus_open_and_signing_out_takes_one_press(plain):
    page = plain("overview")
    page.set_viewport_size({"width": 390, "height": 800})

    page.get_by_role("button", name="Menu", exact=True).click()
    page.get_by_role("navigation", name="Main").get_by_role(
        "link", name="Licenses"
    ).click()
    expect(page.get_by_role("heading", name="Licenses", level=1)).to_be_visible()
    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_no_button_is_shown_that_does_nothing(plain):
    for name in ("overview", "settings"):
        page = plain(name)
        expect(page.get_by_role("button", name="Account menu")).to_be_visible()
        expect(page.locator("[data-theme-toggle]")).to_be_hidden()


def test_the_address_is_changed(plain, alice):
    page = plain("account_email")

    page.get_by_label("New address").fill("alice@new.example.com")
    page.get_by_role("button", name="Change email").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Code").fill(mailed_code("alice@new.example.com"))
    page.get_by_role("button", name="Confirm").click()

    row = page.get_by_role("main").get_by_role("listitem")
    expect(row).to_contain_text("alice@new.example.com")
    alice.refresh_from_db()
    assert alice.email == "alice@new.example.com"


def test_trades_and_all_of_one_s_data_are_taken_home(plain, bot):
    ClosedTradeFactory.create(bot_instance=bot)

    page = plain("trades")
    with page.expect_download() as trades:
        page.get_by_role("link", name="CSV").click()
    page = plain("settings")
    with page.expect_download() as everything:
        page.get_by_role("button", name="Download my data").click()

    assert len(trades.value.path().read_text().splitlines()) == 2
    names = zipfile.ZipFile(everything.value.path()).namelist()
    assert any("trades" in name for name in names)


def test_a_webhook_is_added_paused_and_removed(plain, alice):
    page = plain("notification_settings")

    page.get_by_label("Address").fill("https://hooks.example.com/trades")
    page.get_by_role("button", name="Add the endpoint").click()
    page = plain("notification_settings")
    page.get_by_role("link", name="Manage https://hooks.example.com/trades").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove").click()

    expect(page.get_by_role("heading", name="Webhooks")).to_be_visible()
    assert not WebhookEndpoint.objects.exists()


def test_a_license_is_unlocked_from_its_computer(plain, bot):
    License.objects.update(hardware_id="PC-1")
    page = plain("licenses")

    page.get_by_role("link", name="Unlock from the computer").click()
    page.get_by_role("button", name="Unlock").click()

    expect(page.get_by_role("status")).to_be_visible()
    assert License.objects.get().hardware_id is None


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
