import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.backends import RESELLERS_MAY
from accounts.models import User
from accounts.tests.factories import UserFactory
from bots.models import BotLog
from bots.tests.factories import BotInstanceFactory, BotLogFactory
from smarttrader.jobs.partitions import PARTITIONED_TABLES
from trading.models import Trade, TradeHistory
from trading.tests.factories import (
    ClosedTradeFactory,
    TradeFactory,
    TradeHistoryFactory,
)

pytestmark = pytest.mark.django_db

REGISTRY = admin.site._registry  # noqa: SLF001 -- Django has no other list of it
MODELS = sorted(REGISTRY, key=lambda model: model._meta.label)
PARTITIONED = [
    model
    for model in MODELS
    if model._meta.db_table in {table.name for table in PARTITIONED_TABLES}
]
OURS = [model for model in MODELS if not model.__module__.startswith("allauth")]


def changelist(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def detail(row):
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser("staff@example.com"))
    return client


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_staff_open_and_search_every_list(staff, model):
    assert staff.get(changelist(model)).status_code == 200
    if REGISTRY[model].search_fields:
        assert staff.get(changelist(model), {"q": "alice"}).status_code == 200


@pytest.mark.parametrize("model", PARTITIONED, ids=lambda model: model._meta.label)
def test_lists_of_partitioned_tables_count_nothing(staff, model):
    TradeHistoryFactory.create()

    with CaptureQueriesContext(connection) as queries:
        staff.get(changelist(model))

    whole = re.compile(rf'COUNT\(\*\).*FROM "{model._meta.db_table}"', re.IGNORECASE)
    assert [query for query in queries if whole.search(query["sql"])] == []


def test_list_of_trades_takes_as_many_queries_for_three_rows(staff, count_statements):
    bot = ClosedTradeFactory.create().bot_instance
    asked = []

    for _ in range(2):
        with count_statements() as statements:
            page = staff.get(changelist(Trade), {"q": bot.mt4_account})
        asked.append((len(page.context["cl"].result_list), len(statements)))
        ClosedTradeFactory.create_batch(2, bot_instance=bot)

    (one, statements_of_one), (three, statements_of_three) = asked
    assert (one, three) == (1, 3)
    assert statements_of_one == statements_of_three


@pytest.mark.parametrize("model", [Trade, TradeHistory, BotLog])
def test_nothing_of_a_large_table_is_listed_before_somebody_is_named(staff, model):
    TradeHistoryFactory.create()
    BotLogFactory.create()

    page = staff.get(changelist(model))

    assert list(page.context["cl"].result_list) == []


def test_a_trade_is_found_by_account_and_ticket_or_by_its_owner(staff):
    trade, other = ClosedTradeFactory.create_batch(2)
    bot = trade.bot_instance

    def found(text):
        page = staff.get(changelist(Trade), {"q": text})
        return list(page.context["cl"].result_list)

    assert found(f"{bot.mt4_account} {trade.ticket_number}") == [trade]
    assert found(bot.user.email) == [trade]
    assert found(f"{bot.mt4_account} 999999999") == []
    assert found("nobody@example.com") == []
    assert found(other.bot_instance.user.email) == [other]


def test_a_trade_is_shown_with_its_links_and_cannot_be_changed(staff):
    trade = ClosedTradeFactory.create(ticket_number="4711")

    shown = staff.get(detail(trade))
    staff.post(detail(trade), {"symbol": "GBPUSD"})

    trade.refresh_from_db()
    assert detail(trade.bot_instance) in shown.content.decode()
    assert trade.symbol == "EURUSD"


def test_a_license_is_found_but_its_key_is_not_shown(staff):
    license_ = BotInstanceFactory.create().license

    page = staff.get(detail(license_)).content.decode()

    assert license_.masked_key in page
    assert license_.license_key not in page


def test_deleting_a_user_takes_all_that_is_theirs(staff):
    trade = ClosedTradeFactory.create()
    owner = trade.bot_instance.user
    url = reverse("admin:accounts_user_delete", args=[owner.pk])

    confirm = staff.get(url)
    staff.post(url, {"post": "yes"})

    assert confirm.status_code == 200
    assert not User.objects.filter(pk=owner.pk).exists()
    assert not Trade.objects.exists()


def test_staff_make_a_user_who_can_be_edited(staff):
    password = "a long enough password"
    fields = {
        "email": "New@Example.com",
        "role": "user",
        "usable_password": "true",
        "password1": password,
        "password2": password,
    }

    staff.post(reverse("admin:accounts_user_add"), fields)

    user = User.objects.get(email="new@example.com")
    assert user.check_password(password)
    assert staff.get(detail(user)).status_code == 200


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_a_reseller_opens_the_lists_of_their_role_and_no_other(client, bob, model):
    client.force_login(bob)
    name = f"{model._meta.app_label}.view_{model._meta.model_name}"

    status = client.get(changelist(model)).status_code

    assert status == (200 if name in RESELLERS_MAY else 403)


def test_users_are_not_let_in(client):
    client.force_login(UserFactory.create())

    response = client.get(reverse("admin:index"))

    assert response["Location"].startswith(reverse("admin:login"))


def test_each_entry_of_a_reseller_s_sidebar_leads_to_a_page(client, bob):
    client.force_login(bob)
    home = client.get(reverse("admin:index"))

    apps = home.context["available_apps"]
    pages = [model["admin_url"] for app in apps for model in app["models"]]

    assert len(pages) == sum(
        name.split(".")[1].startswith("view_") for name in RESELLERS_MAY
    )
    for address in [*pages, *(app["app_url"] for app in apps)]:
        assert client.get(address).status_code == 200, address


# --- Pages of large tables ------------------------------------------------------------
def walk(client, address):
    """Follow a list to its end; return its rows by page, and the addresses."""
    pages, addresses = [], []
    while address:
        listed = client.get(address).context["cl"]
        pages.append(list(listed.result_list))
        addresses.append(address)
        address = listed.next_link and f"{changelist(listed.model)}{listed.next_link}"
    return pages, addresses


@pytest.fixture
def many_trades(monkeypatch):
    monkeypatch.setattr(REGISTRY[Trade], "list_per_page", 3)
    bot = ClosedTradeFactory.create().bot_instance
    ClosedTradeFactory.create_batch(7, bot_instance=bot)
    TradeFactory.create_batch(2, bot_instance=bot)
    ClosedTradeFactory.create()
    return bot


def test_a_large_table_is_walked_forth_and_back(staff, many_trades):
    pages, addresses = walk(staff, f"{changelist(Trade)}?q={many_trades.mt4_account}")

    assert [len(page) for page in pages] == [3, 3, 3, 1]
    rows = [row for page in pages for row in page]
    assert set(rows) == set(Trade.objects.filter(bot_instance=many_trades))
    assert rows == sorted(
        rows,
        key=lambda row: (row.closed_at is None, row.closed_at or row.opened_at, row.pk),
        reverse=True,
    )
    for number in range(len(pages) - 1, 0, -1):
        listed = staff.get(addresses[number]).context["cl"]
        before = staff.get(f"{changelist(Trade)}{listed.previous_link}")
        assert list(before.context["cl"].result_list) == pages[number - 1]
        first = staff.get(f"{changelist(Trade)}{listed.first_link}")
        assert list(first.context["cl"].result_list) == pages[0]


def test_a_page_of_a_large_table_keeps_the_filter_and_skips_nothing(staff, many_trades):
    address = f"{changelist(Trade)}?q={many_trades.mt4_account}&status__exact=closed"

    with CaptureQueriesContext(connection) as queries:
        pages, _ = walk(staff, address)

    assert [len(page) for page in pages] == [3, 3, 2]
    about_trades = [each["sql"] for each in queries if '"trades"' in each["sql"]]
    assert len(about_trades) == len(pages)
    assert not re.search("OFFSET|COUNT", " ".join(about_trades), re.IGNORECASE)


@pytest.mark.parametrize("name", ["after", "trail"])
def test_a_place_that_is_none_is_refused(staff, name):
    answer = staff.get(changelist(Trade), {"q": "1", name: "nonsense"})

    assert answer.status_code == 400


def test_a_large_table_says_what_to_name(staff):
    page = staff.get(changelist(Trade)).content.decode()

    assert "say whose rows you want" in page
