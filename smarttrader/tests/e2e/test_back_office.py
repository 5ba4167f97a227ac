"""What staff and resellers do all day, in a browser."""

import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.tests.factories import AdminFactory, ResellerFactory
from bots.tests.factories import BotInstanceFactory
from licensing.models import License, LicenseEvent
from licensing.tests.factories import AllotmentFactory, LicenseFactory
from smarttrader.jobs.models import JobRun
from smarttrader.lib import clock
from trading.tests.factories import ClosedTradeFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEY = re.compile(r"SST(?:-[0-9A-Z]{5}){4}-[0-9A-Z]{2}")
LICENSES = reverse("admin:licensing_license_changelist")


@pytest.fixture
def bob():
    bob = ResellerFactory.create(email="bob@example.com")
    AllotmentFactory.create(reseller=bob, total=5)
    return bob


@pytest.fixture
def customer(bob, alice):
    alice.reseller = bob
    alice.save()
    return alice


@pytest.fixture
def open_page(page, live_server):
    def go(path):
        page.goto(live_server.url + path)
        return page

    return go


def issue(page, *, email, quantity):
    page.get_by_role("link", name="Issue licenses").click()
    page.get_by_label("Customer's e-mail").fill(email)
    page.get_by_label("Plan").select_option("PRO")
    page.get_by_label("Number of licenses").fill(str(quantity))
    page.get_by_role("button", name="Issue licenses").click()


def test_a_reseller_issues_one_then_many_and_takes_the_keys_away(
    open_page, login, bob, customer
):
    login(bob)
    page = open_page(LICENSES)

    issue(page, email=customer.email, quantity=1)
    expect(page.get_by_role("heading", name="1 issued")).to_be_visible()
    page.get_by_role("link", name="To the licenses").click()
    issue(page, email="new@example.com", quantity=4)
    expect(page.get_by_role("heading", name="4 issued")).to_be_visible()
    shown = KEY.findall(page.locator("table").inner_text())
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()

    file = Path(download.value.path()).read_text()
    assert len(set(shown)) == 4
    assert set(KEY.findall(file)) == set(shown)
    assert License.objects.count() == 5
    assert License.objects.filter(user__email="new@example.com").count() == 4


def test_an_order_beyond_the_allotment_is_refused_on_the_form(
    open_page, login, bob, customer
):
    login(bob)
    page = open_page(LICENSES)

    issue(page, email=customer.email, quantity=6)

    expect(page.locator(".errorlist")).to_be_visible()
    expect(page.get_by_label("Number of licenses")).to_have_value("6")
    assert not License.objects.exists()


def test_staff_suspend_and_reinstate_with_a_reason(open_page, login, customer):
    license = LicenseFactory.create(user=customer)
    login(AdminFactory.create())
    page = open_page(LICENSES)

    for action, standing in (("Suspend", "Suspended"), ("Reinstate", "Active")):
        page.get_by_role("checkbox").nth(1).check()
        page.get_by_label("Action:").select_option(label=action)
        page.get_by_role("button", name="Go").click()
        expect(page.get_by_role("heading", name=action)).to_be_visible()
        page.get_by_label("Reason").fill("They asked for it")
        page.get_by_role("button", name=action).click()
        expect(page.locator(".messagelist")).to_contain_text(action)
        expect(page.locator("#result_list .field-standing")).to_have_text(standing)

    assert license.holds.get().released_at is not None


def test_staff_issue_with_a_reason_once_for_a_double_click(
    open_page, login, bob, customer
):
    login(AdminFactory.create())
    page = open_page(LICENSES)

    page.get_by_role("link", name="Issue licenses").click()
    page.get_by_label("Owner's e-mail").fill(customer.email)
    page.get_by_label("Plan").select_option("PRO")
    page.get_by_label("Number of licenses").fill("2")
    page.get_by_label("Reason").fill("They helped at the fair")
    page.get_by_role("button", name="Read over").click()
    expect(page.get_by_role("heading", name="Issue these licenses?")).to_be_visible()
    read_over = page.locator("dl").inner_text()
    issued_before = License.objects.count()
    page.get_by_role("button", name="Issue licenses").dblclick()
    expect(page.get_by_role("heading", name="2 issued")).to_be_visible()
    shown = KEY.findall(page.locator("table").inner_text())
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()

    assert bob.email in read_over
    assert issued_before == 0
    assert len(set(shown)) == License.objects.count() == 2
    assert set(KEY.findall(Path(download.value.path()).read_text())) == set(shown)
    event = LicenseEvent.objects.filter(type="issued").first()
    assert event is not None
    assert event.reason == "They helped at the fair"


def test_licenses_are_exported_as_a_file(open_page, login, customer):
    license = LicenseFactory.create(user=customer)
    login(AdminFactory.create())
    page = open_page(LICENSES)

    page.get_by_role("checkbox").nth(1).check()
    page.get_by_label("Action:").select_option(label="Export as CSV")
    with page.expect_download() as download:
        page.get_by_role("button", name="Go").click()

    file = Path(download.value.path()).read_text()
    assert license.masked_key in file
    assert customer.email in file


def test_one_field_finds_a_bot_by_its_account(open_page, login, customer):
    bot = BotInstanceFactory.create(owner=customer, mt4_account="88112233")
    login(AdminFactory.create())
    page = open_page(reverse("admin:index"))

    page.get_by_label("E-mail, account, key, ticket or invoice").fill("88112233")
    page.get_by_role("button", name="Search").click()

    page.wait_for_url(f"**{reverse('admin:bots_botinstance_change', args=[bot.pk])}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_are_accessible_and_fit(
    open_page, page, login, bob, customer, axe, scheme, width
):
    trade = ClosedTradeFactory.create(
        bot_instance=BotInstanceFactory.create(owner=customer, offline_at=clock.now())
    )
    license = trade.bot_instance.license
    JobRun.objects.create(job="a.b", started_at=clock.now(), error="ValueError: no")
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    staff = AdminFactory.create()
    found = {}

    for user, paths in ((staff, of_staff(trade)), (bob, of_resellers())):
        login(user)
        for path in paths:
            open_page(path)
            found[path] = problems(page, axe)
    login(staff)
    open_page(reverse("admin:licensing_license_change", args=[license.pk]))
    follow(page, "Suspend")
    found["an action"] = problems(page, axe)
    open_page(reverse("admin:licensing_license_issue"))
    page.get_by_label("Owner's e-mail").fill(customer.email)
    page.get_by_label("Reason").fill("They helped at the fair")
    follow(page, "Read over")
    found["an order read over"] = problems(page, axe)
    follow(page, "Issue licenses")
    found["keys"] = problems(page, axe)

    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def of_staff(trade):
    account = trade.bot_instance.mt4_account
    return [
        reverse("admin:index"),
        reverse("admin:app_list", args=["jobs"]),
        reverse("admin:search"),
        LICENSES,
        reverse("admin:licensing_license_change", args=[trade.bot_instance.license_id]),
        reverse("admin:accounts_user_changelist"),
        reverse("admin:accounts_user_add"),
        reverse("admin:accounts_user_change", args=[trade.bot_instance.user_id]),
        reverse("admin:licensing_allotment_grant"),
        reverse("admin:licensing_license_issue"),
        reverse("admin:accounts_user_delete", args=[trade.bot_instance.user_id]),
        reverse("admin:accounts_authevent_changelist"),
        reverse("admin:billing_payment_revenue"),
        reverse("admin:notifications_delivery_changelist"),
        reverse("admin:jobs_jobrun_changelist"),
        reverse("admin:jobs_archivedpartition_partitions"),
        reverse("admin:trading_trade_changelist"),
        f"{reverse('admin:trading_trade_changelist')}?q={account}",
    ]


def of_resellers():
    return [
        reverse("admin:index"),
        reverse("admin:licensing_license_issue"),
        reverse("admin:licensing_allotmententry_report"),
    ]


def follow(page: Page, button: str) -> None:
    """Press a button, and wait for the page that it leads to."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def problems(page, axe):
    overhang = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [*axe(), *(["overhang"] if overhang > 0 else [])]
