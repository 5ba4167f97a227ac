"""People look after their accounts in a real browser."""

import re
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import User
from accounts.services import emails
from accounts.tests.factories import PASSWORD, AdminFactory
from smarttrader.tests.e2e.mailbox import mailed_code, mailed_path

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NEW_PASSWORD = "a different battery staple"
LOOKS = [(width, scheme) for width in (1440, 390) for scheme in ("light", "dark")]
each_look = pytest.mark.parametrize(("width", "scheme"), LOOKS)
PERIOD_SECONDS, SECONDS_TO_TYPE = 30, 10


@pytest.fixture(autouse=True)
def _patience(page):
    page.set_default_timeout(15_000)


@pytest.fixture
def at(page, live_server):
    """Open a page by its name."""

    def go(name, *args):
        page.goto(live_server.url + reverse(name, args=args))
        return page

    return go


@pytest.fixture
def sign_in(at):
    """Sign in by the form, as allauth asks again for the password of any other way."""

    def by_form(email, password=PASSWORD):
        page = at("account_login")
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in").click()
        # Going on before the answer is there would call the sign-in off.
        expect(page).not_to_have_url(re.compile(reverse("account_login")))
        return page

    return by_form


@pytest.fixture
def looks(axe):
    """Check a page for axe, and that nobody has to scroll it sideways."""

    def problems(page, width, scheme):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        return [*axe(), *(["too wide"] if wide else [])]

    return problems


def confirm_that_it_is_oneself(page):
    page.get_by_role("heading", name="Is it you?").wait_for()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def turn_on(page):
    """Enroll an authenticator on the open page; return its secret."""
    secret = page.locator("#authenticator_secret").inner_text()
    page.get_by_label("Code", exact=True).fill(totp_code(secret))
    page.get_by_role("button", name="Turn on").click()
    page.locator(".codes").wait_for()
    return secret


def totp_code(secret):
    # One whose half minute ends while it is typed is refused, as it should be.
    left = PERIOD_SECONDS - time.time() % PERIOD_SECONDS
    if left < SECONDS_TO_TYPE:
        time.sleep(left)
    return format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD_SECONDS))


def test_signing_up_leads_to_the_first_dashboard(page, at, live_server):
    at("account_signup")
    page.get_by_label("Email").fill("Nina@Example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()

    expect(page.get_by_role("heading", name="Confirm your email")).to_be_visible()
    page.get_by_label("Code").fill(mailed_code("nina@example.com"))
    page.get_by_role("button", name="Confirm").click()

    expect(page).to_have_url(live_server.url + reverse("overview"))
    assert User.objects.get(email="nina@example.com").email_verified


@each_look
def test_the_code_page_is_accessible(page, at, looks, width, scheme):
    at("account_signup")
    page.get_by_label("Email").fill("nina@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()

    assert looks(page, width, scheme) == []

    page.get_by_label("Code").fill("wrong")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".errorlist")).to_be_visible()
    assert looks(page, width, scheme) == []


def test_a_second_factor_is_set_up_and_asked_for(page, alice, sign_in, at):
    sign_in(alice.email)
    at("settings").get_by_role("link", name="Set up two-factor").click()
    confirm_that_it_is_oneself(page)
    secret = turn_on(page)
    expect(page.locator(".codes li")).to_have_count(10)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert len(download.value.path().read_text().split()) == 10

    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(alice.email)
    page.get_by_label("Code").fill(totp_code(secret))
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("button", name="Account menu")).to_be_visible()


@each_look
def test_the_pages_of_the_second_factor_are_accessible(
    page, alice, sign_in, at, looks, width, scheme
):
    sign_in(alice.email)
    at("mfa_activate_totp")
    confirm_that_it_is_oneself(page)
    page.locator("#authenticator_secret").wait_for()
    found = looks(page, width, scheme)
    turn_on(page)

    found += looks(page, width, scheme)
    for name in ("mfa_index", "mfa_generate_recovery_codes", "mfa_deactivate_totp"):
        found += looks(at(name), width, scheme)
    page.context.clear_cookies()
    found += looks(sign_in(alice.email), width, scheme)

    assert found == []


def test_staff_are_led_to_enrolment_and_then_into_the_back_office(
    page, live_server, sign_in, settings
):
    settings.STAFF_TOTP_REQUIRED = True
    admin = AdminFactory.create(email="admin@example.com")
    page.goto(live_server.url + reverse("admin:index"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    sign_in(admin.email)
    expect(page.get_by_text("Your role needs a second factor")).to_be_visible()
    confirm_that_it_is_oneself(page)
    turn_on(page)
    page.goto(live_server.url + reverse("admin:index"))

    expect(page.get_by_role("navigation", name="Back office")).to_be_visible()


def test_a_forgotten_password_is_replaced(page, at, live_server, alice, sign_in):
    emails.know_address(user=alice)
    at("account_reset_password").get_by_label("Email").fill(alice.email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()

    page.goto(live_server.url + mailed_path(alice.email))
    page.get_by_label("New Password", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("New Password (again)").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("heading", name="Your password is set")).to_be_visible()
    sign_in(alice.email, NEW_PASSWORD)

    expect(page.get_by_role("button", name="Account menu")).to_be_visible()


def test_an_address_is_changed_by_its_code(page, alice, sign_in, at):
    sign_in(alice.email)
    at("account_email").get_by_label("New address").fill("alice@new.example.com")
    page.get_by_role("button", name="Change email").click()
    confirm_that_it_is_oneself(page)
    expect(page.get_by_role("heading", name="Confirm your email")).to_be_visible()
    page.get_by_label("Code").fill(mailed_code("alice@new.example.com"))
    page.get_by_role("button", name="Confirm").click()

    row = page.get_by_role("main").get_by_role("listitem")
    expect(row).to_contain_text("alice@new.example.com")
    alice.refresh_from_db()
    assert (alice.email, alice.email_verified) == ("alice@new.example.com", True)
    addresses = EmailAddress.objects.values_list("email", "verified", "primary")
    assert list(addresses) == [("alice@new.example.com", True, True)]


def test_another_session_is_ended(page, browser, live_server, alice, sign_in, at):
    sign_in(alice.email)
    elsewhere = browser.new_context()
    other = elsewhere.new_page()
    other.goto(live_server.url + reverse("account_login"))
    other.get_by_label("Email").fill(alice.email)
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("button", name="Account menu")).to_be_visible()

    at("usersessions_list")
    page.get_by_role("button", name=re.compile("^Sign out Chrome")).click()

    expect(page.get_by_text("That session is signed out")).to_be_visible()
    other.reload()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    elsewhere.close()


def test_the_time_zone_is_chosen(page, alice, sign_in, at):
    sign_in(alice.email)
    at("settings").get_by_label("Time zone").select_option("Asia/Tokyo")
    profile = page.get_by_role("region", name="Profile")
    profile.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Your settings are saved")).to_be_visible()
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    alice.refresh_from_db()
    assert alice.time_zone == "Asia/Tokyo"


def test_an_account_is_deleted_with_its_password(
    page, alice, sign_in, at, expected_errors
):
    expected_errors.append("400")
    sign_in(alice.email)
    at("settings_delete").get_by_label("Your password").fill("not the password")
    page.get_by_role("button", name="Delete for ever").click()
    expect(page.get_by_text("This is not your password")).to_be_visible()

    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete for ever").click()

    expect(page.get_by_text("are deleted")).to_be_visible()
    assert not User.objects.filter(pk=alice.pk).exists()


@each_look
def test_settings_are_accessible(page, alice, sign_in, at, looks, width, scheme):
    sign_in(alice.email)

    found = [
        problem
        for name in (
            "settings",
            "settings_delete",
            "account_email",
            "account_change_password",
            "usersessions_list",
            "mfa_index",
        )
        for problem in looks(at(name), width, scheme)
    ]

    assert found == []


@each_look
def test_the_pages_of_a_reset_are_accessible(page, at, looks, width, scheme, alice):
    found = []
    for name in (
        "account_reset_password_done",
        "account_reset_password_from_key_done",
    ):
        found += looks(at(name), width, scheme)
    found += looks(at("account_reset_password_from_key", "1", "2-3"), width, scheme)

    assert found == []


@each_look
def test_being_asked_again_is_accessible(page, alice, login, at, looks, width, scheme):
    login(alice)

    found = looks(at("mfa_activate_totp"), width, scheme)

    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    assert found == []


@each_look
def test_being_stopped_is_accessible(
    at, looks, settings, expected_errors, width, scheme
):
    expected_errors.append("429")
    settings.SIGN_INS_PER_IP = 0
    page = at("account_login")
    page.get_by_label("Email").fill("nobody@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)

    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Too many attempts")).to_be_visible()
    assert looks(page, width, scheme) == []
