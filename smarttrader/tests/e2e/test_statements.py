from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from licensing.tests.factories import LicenseFactory
from trading.tests.statement_writer import Cancelled, Cash, Position, Statement

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STATEMENT = Statement(
    rows=[
        Cash(ticket=1, amount=Decimal(1000)),
        Position(ticket=2, profit=Decimal("1012.34"), commission=Decimal("-0.50")),
        Position(ticket=3, profit=Decimal("-5.00"), kind="sell"),
        Cancelled(ticket=4),
    ],
    open_positions=[Position(ticket=5, closed=None, profit=Decimal("-1.10"))],
)


@pytest.fixture
def alice_at_statements(page, live_server, alice, login):
    LicenseFactory(user=alice)
    login(alice)
    page.goto(live_server.url + reverse("statements"))
    return page


def choose(page, tmp_path, html):
    path = tmp_path / "statement.htm"
    path.write_text(html)
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Import", exact=True).click()


def test_a_statement_goes_from_upload_to_verdict_to_overview(
    alice_at_statements, tmp_path
):
    page = alice_at_statements

    choose(page, tmp_path, STATEMENT.html())

    expect(page.get_by_role("heading", name="Statement of 7000001")).to_be_visible()
    expect(page.locator("#figures tbody tr")).to_have_count(23)
    expect(page.locator("#figures .verdict.same")).to_have_count(23)
    page.get_by_role("link", name="See the account").click()
    expect(page.get_by_text("+1,006.84").first).to_be_visible()


def test_an_edited_statement_is_refused_with_its_figures(
    alice_at_statements, tmp_path, expected_errors
):
    expected_errors.append("400")
    page = alice_at_statements
    edited = STATEMENT.html().replace("1 012.34", "1 013.34", 1)

    choose(page, tmp_path, edited)

    expect(page.get_by_role("alert")).to_contain_text("Nothing was stored")
    expect(page.locator("#disagreeing")).to_contain_text("Gross Profit")
    expect(page.get_by_text("No statement yet")).to_be_visible()


def test_uploading_works_without_javascript(
    browser, live_server, alice, login, page, tmp_path
):
    LicenseFactory(user=alice)
    login(alice)
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto(live_server.url + reverse("statements"))

    choose(plain, tmp_path, STATEMENT.html())

    expect(plain.locator("#figures .verdict.same")).to_have_count(23)
    context.close()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_statement_pages_and_overview_are_accessible(
    alice_at_statements, live_server, tmp_path, axe, scheme, width
):
    page = alice_at_statements
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    found = {"statements, empty": axe()}
    page.goto(live_server.url + reverse("overview"))
    found["overview, first run"] = axe()
    page.goto(live_server.url + reverse("statements"))
    choose(page, tmp_path, STATEMENT.html())
    found["statement"] = axe()

    for name in ("overview", "statements"):
        page.goto(live_server.url + reverse(name))
        found[name] = axe()

    assert {page: rules for page, rules in found.items() if rules} == {}


def test_pages_do_not_scroll_sideways_on_a_phone(alice_at_statements, live_server):
    page = alice_at_statements
    page.set_viewport_size({"width": 390, "height": 800})

    page.goto(live_server.url + reverse("statements"))

    overhang = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overhang <= 0
