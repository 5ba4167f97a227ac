from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from analytics.services import rollups
from bots.models import BotInstance
from bots.tests.factories import BotInstanceFactory
from licensing.tests.factories import LicenseFactory
from trading.models import StatementImport, Trade
from trading.tests.factories import ClosedTradeFactory
from trading.tests.statement_writer import Cash, Position, Statement

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STATEMENT = Statement(
    rows=[
        Cash(ticket=1, amount=Decimal(1000)),
        Position(ticket=2, profit=Decimal("12.34")),
        Position(ticket=3, profit=Decimal("-5.00")),
    ]
)


@pytest.fixture
def alices_browser(client, alice):
    LicenseFactory(user=alice)
    client.force_login(alice)
    return client


def upload(browser, html, name="statement.htm", **fields):
    file = SimpleUploadedFile(name, html.encode(), content_type="text/html")
    return browser.post(reverse("statements"), {"file": file, **fields})


def trade_of(owner, currency="USD", **fields):
    bot = BotInstanceFactory(owner=owner, account_currency=currency)
    trade = ClosedTradeFactory(bot_instance=bot, **fields)
    rollups.roll_up(now=NOW)
    return trade


@pytest.mark.parametrize("name", ["overview", "bots", "trades", "statements"])
def test_pages_send_strangers_to_the_sign_in(client, name):
    response = client.get(reverse(name))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_overview_without_a_bot_tells_how_to_begin(alices_browser):
    response = alices_browser.get(reverse("overview"))

    assert "analytics/first_run.html" in [used.name for used in response.templates]


def test_overview_shows_figures_in_one_currency(alices_browser, alice):
    trade_of(alice, profit=Decimal("100.00"), ticket_number="4711")
    trade_of(alice, currency="JPY", profit=Decimal("5000.00"))

    response = alices_browser.get(reverse("overview"), {"currency": "USD"})

    assert response.context["total"].net_profit == Decimal("99.30")
    assert [each.ticket_number for each in response.context["trades"]] == ["4711"]
    assert sorted(response.context["currencies"]) == ["JPY", "USD"]
    assert "+99.30" in response.content.decode()


def test_overview_of_a_currency_one_has_not_is_missing(alices_browser, alice):
    trade_of(alice)

    response = alices_browser.get(reverse("overview"), {"currency": "EUR"})

    assert response.status_code == 404


def test_overview_adds_two_accounts_of_a_currency_up(alices_browser, alice):
    first = datetime(2026, 3, 2, 10, tzinfo=UTC)
    for hour, profit in enumerate(["50.00", "-30.00"]):
        trade_of(
            alice,
            profit=Decimal(profit),
            commission=Decimal(0),
            swap=Decimal(0),
            opened_at=first + timedelta(hours=hour),
        )

    shown = alices_browser.get(reverse("overview")).context

    assert shown["total"].net_profit == Decimal("20.00")
    assert shown["total"].max_drawdown == Decimal("30.00")
    assert shown["chart"].data["upper"] == [50, 20, 20]


def test_overview_shows_nothing_of_a_neighbor(alices_browser, alice, charlie):
    trade_of(alice)
    foreign = trade_of(charlie, ticket_number="99887766")

    page = alices_browser.get(reverse("overview")).content.decode()

    assert foreign.ticket_number not in page
    assert foreign.bot_instance.mt4_account not in page


@pytest.mark.parametrize("bots", [1, 30])
def test_overview_asks_as_often_for_one_bot_as_for_thirty(
    alices_browser, alice, bots, django_assert_num_queries
):
    for _ in range(bots):
        trade_of(alice)

    # Two less where trades closed of late: the hours of the thinned past are not read.
    with django_assert_num_queries(18):
        alices_browser.get(reverse("overview"))


def test_upload_imports_and_shows_the_figures(alices_browser, alice):
    response = upload(alices_browser, STATEMENT.html())

    record = StatementImport.objects.get(user=alice)
    assert response["Location"] == reverse("statement", args=[record.pk])
    page = alices_browser.get(response["Location"])
    assert page.context["record"].check_result.mismatches == 0
    assert "Gross Profit" in page.content.decode()
    assert reverse("bot", args=[record.bot_instance_id]) in page.content.decode()
    assert Trade.objects.filter(bot_instance__user=alice).count() == 2


def test_upload_takes_the_brokers_clock(alices_browser, alice):
    upload(alices_browser, STATEMENT.html(), utc_offset_minutes="120")

    trade = Trade.objects.get(bot_instance__user=alice, ticket_number="2")
    assert trade.opened_at == datetime(2024, 3, 4, 7, tzinfo=UTC)


def test_upload_that_disagrees_names_the_figures_and_stores_nothing(alices_browser):
    edited = STATEMENT.html().replace(">12.34<", ">12.35<", 1)

    response = upload(alices_browser, edited)

    assert response.status_code == 400
    disagreeing = [figure.name for figure in response.context["disagreeing"]]
    assert "Closed P/L" in disagreeing
    assert not Trade.objects.exists()
    assert not BotInstance.objects.exists()


def test_upload_of_something_else_is_refused_with_the_reason(alices_browser):
    response = upload(alices_browser, "<html><p>My holidays</p></html>")

    assert response.status_code == 400
    assert "not an account statement" in response.content.decode()


def test_upload_of_an_empty_file_is_refused(alices_browser):
    response = upload(alices_browser, "")

    assert response.status_code == 400
    assert "empty" in response.content.decode()


def test_upload_without_a_license_is_refused(client, charlie):
    client.force_login(charlie)

    response = upload(client, STATEMENT.html())

    assert response.status_code == 400
    assert "license" in response.content.decode()


def test_upload_into_a_neighbors_bot_is_refused(alices_browser, charlie):
    foreign = BotInstanceFactory.create(owner=charlie, mt4_account=STATEMENT.account)

    response = upload(alices_browser, STATEMENT.html(), bot=str(foreign.pk))

    assert response.status_code == 400
    assert not Trade.objects.exists()


def test_markup_in_a_file_name_is_harmless(alices_browser):
    response = upload(alices_browser, STATEMENT.html(), name="<b>x</b>.htm")

    page = alices_browser.get(response["Location"]).content.decode()
    assert "<b>x" not in page


def test_a_neighbors_statement_is_missing(alices_browser, client, charlie):
    response = upload(alices_browser, STATEMENT.html())
    client.force_login(charlie)

    assert client.get(response["Location"]).status_code == 404
    assert client.get(reverse("statements")).context["imports"] == []
