import re

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct horse battery"
WIDTHS = [1440, 390]
SCHEMES = ["light", "dark"]
KILOBYTE = 1000


@pytest.fixture
def alice():
    user = User.objects.create_user("alice@example.com", PASSWORD, first_name="Alice")
    EmailAddress.objects.create(
        user=user, email=user.email, verified=True, primary=True
    )
    return user


@pytest.fixture
def admin():
    return User.objects.create_superuser("admin@example.com", PASSWORD)


def sign_in_by_form(page, live_server, email, password):
    page.goto(live_server.url + reverse("account_login"))
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_the_form_signs_in(page, live_server, alice):
    sign_in_by_form(page, live_server, alice.email, PASSWORD)

    expect(page).to_have_url(live_server.url + reverse("overview"))
    expect(page.get_by_role("button", name="Account menu, Alice")).to_be_visible()


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    page, live_server, alice
):
    sign_in_by_form(page, live_server, alice.email, "not the password")
    wrong_password = page.locator(".errorlist").inner_text()
    sign_in_by_form(page, live_server, "nobody@example.com", "not the password")
    unknown_address = page.locator(".errorlist").inner_text()

    assert wrong_password == unknown_address
    assert "not correct" in wrong_password


def test_signing_out_takes_one_press(page, live_server, alice, login):
    login(alice)
    page.goto(live_server.url + reverse("account_email"))

    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("button", name="Sign out").click()

    expect(page).to_have_url(re.compile(reverse("account_login")))
    page.goto(live_server.url + reverse("account_email"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("name", ["account_login", "admin:index"])
def test_the_theme_is_kept(page, live_server, admin, login, name):
    if name == "admin:index":
        login(admin)
    page.emulate_media(color_scheme="light")
    page.goto(live_server.url + reverse(name))

    page.get_by_role("button", name="Switch between light and dark").click()
    page.reload()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_phone_menu_opens_the_navigation(page, live_server, alice, login):
    login(alice)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(live_server.url + reverse("account_email"))
    navigation = page.get_by_role("navigation", name="Main")
    expect(navigation).to_be_hidden()

    page.get_by_role("button", name="Menu", exact=True).click()

    expect(navigation.get_by_role("link", name="Overview")).to_be_visible()


def test_without_javascript_the_form_signs_in(browser, live_server, alice):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()

    sign_in_by_form(page, live_server, alice.email, PASSWORD)

    expect(page).to_have_url(live_server.url + reverse("overview"))
    context.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "name", ["account_login", "account_signup", "account_reset_password"]
)
def test_entrance_pages_are_accessible(page, live_server, axe, name, width, scheme):
    show(page, live_server, reverse(name), width, scheme)

    assert axe() == []
    assert fits(page)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_missing_page_is_accessible(
    page, live_server, axe, width, scheme, expected_errors
):
    expected_errors.append("404")

    show(page, live_server, "/no-such-page/", width, scheme)

    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    assert axe() == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "name",
    ["account_email", "account_change_password", "mfa_index", "usersessions_list"],
)
def test_settings_pages_are_accessible(
    page, live_server, axe, alice, login, name, width, scheme
):
    login(alice)

    show(page, live_server, reverse(name), width, scheme)

    assert axe() == []
    assert fits(page)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_back_office_is_accessible(
    page, live_server, axe, admin, login, width, scheme
):
    login(admin)

    show(page, live_server, reverse("admin:index"), width, scheme)

    assert axe() == []
    assert fits(page)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_back_office_door_is_accessible(page, live_server, axe, width, scheme):
    show(page, live_server, reverse("admin:login"), width, scheme)

    assert axe() == []
    assert fits(page)


def test_the_sign_in_page_keeps_its_budget(page, live_server):
    sizes = []
    page.on("response", lambda response: sizes.append(len(response.body())))

    page.goto(live_server.url + reverse("account_login"), wait_until="networkidle")

    # Uncompressed: what crosses the wire in production is a quarter of it.
    assert sum(sizes) <= 120 * KILOBYTE
    assert len(sizes) <= 10


def show(page, live_server, path, width, scheme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(live_server.url + path)


def fits(page):
    """Whether the page can be read without scrolling sideways."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")
