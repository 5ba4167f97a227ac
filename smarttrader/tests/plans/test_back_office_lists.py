"""The back office's lists of large tables read pages off indexes, and count nothing."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from smarttrader.jobs.partitions import BOT_LOGS, create_partitions_for
from smarttrader.lib import clock
from smarttrader.tests.plans.capture import LARGE, Plan, plans_of_statements
from smarttrader.tests.plans.ground import LOGS, Ground, prepare_ground

pytestmark = pytest.mark.django_db

COUNT = re.compile(r"COUNT\(\*\)|COUNT\(1\)|OFFSET", re.IGNORECASE)
NEXT = re.compile(r'<a href="([^"]+)" rel="next">')
LATER = 3
# A page of fifty of each of ten bots and one more, twice: of each, and of all.
MOST_ROWS = 1100
# What a list is filtered by, beside whose rows it shows.
FILTERS = {
    "trading.Trade": "status__exact=closed",
    "bots.BotLog": "log_level__exact=ERROR",
    "analytics.PerformanceMetric": "metric_type__exact=hourly",
    "trading.TradeHistory": "",
}
# A user's own inbox is all that anybody sees of it, staff too.
OWN_ROWS_ONLY = {"notifications.Notification"}


def write_logs_of_today() -> None:
    """Give the bots logs that are not too old to be shown."""
    now = clock.now()
    days = [now - timedelta(days=day) for day in range(101)]
    create_partitions_for(BOT_LOGS, days, now=days[-1])
    with connection.cursor() as cursor:
        cursor.execute(LOGS, {"now": now})
        cursor.execute("ANALYZE bot_logs")


def lists_of_large_tables() -> dict[str, str]:
    """Return the addresses of the lists by their models' labels."""
    found = {}
    for model in admin.site._registry:  # noqa: SLF001 -- Django has no other list of it
        meta = model._meta
        if meta.db_table in LARGE:
            name = f"admin:{meta.app_label}_{meta.model_name}_changelist"
            found[meta.label] = reverse(name)
    return found


def searches(label: str, ground: Ground) -> dict[str, str]:
    """Return what is typed into the field of a list: who, by account or by e-mail."""
    words = f" {ground.closed[0].ticket_number}" if label.endswith("History") else ""
    return {
        "account": f"{ground.largest.mt4_account}{words}",
        "e-mail": f"{ground.owner.email}{words}",
    }


def pages(client: Client, url: str, label: str, ground: Ground) -> Iterator[str]:
    """Open a list as nobody's, then page by page, filtered, and found by e-mail."""
    texts = searches(label, ground)
    yield told(client, url, {})
    address: Any = url, {"q": texts["account"]}
    for _ in range(LATER):
        page = told(client, *address)
        yield page
        further = NEXT.search(page)
        if further is None:
            break
        address = url + html.unescape(further[1]), {}
    name, _, value = FILTERS[label].partition("=")
    if name:
        yield told(client, url, {"q": texts["account"], name: value})
    yield told(client, url, {"q": texts["e-mail"]})


def told(client: Client, url: str, query: dict[str, str]) -> str:
    answer = client.get(url, query)
    assert answer.status_code == 200, (url, query)
    return answer.content.decode()


def complaints(label: str, plans: list[Plan]) -> Iterator[str]:
    for plan in plans:
        statement = " ".join(plan.sql.split())[:100]
        touches = sum(plan.partitions.values()) > 0
        if plan.whole:
            yield f"{label}: {sorted(plan.whole)} read sequentially: {statement}"
        if touches and COUNT.search(plan.sql):
            yield f"{label}: counts or skips rows: {statement}"
        if max(plan.read, plan.sorted) > MOST_ROWS:
            figures = f"{plan.read:.0f} rows read, {plan.sorted:.0f} sorted"
            yield f"{label}: {figures}: {statement}"


def test_each_list_of_a_large_table_is_tried():
    assert set(lists_of_large_tables()) == FILTERS.keys() | OWN_ROWS_ONLY


def test_no_page_of_a_list_of_a_large_table_reads_or_counts_it_whole(client):
    ground = prepare_ground()
    write_logs_of_today()
    client.force_login(User.objects.create_superuser("staff@example.com"))
    found: list[str] = []

    for label, url in lists_of_large_tables().items():
        if label in OWN_ROWS_ONLY:
            continue
        with plans_of_statements() as plans:
            shown = list(pages(client, url, label, ground))
        assert 'id="result_list"' not in shown[0], label
        assert all('id="result_list"' in page for page in shown[1:]), label
        found += complaints(label, plans)

    assert "\n".join(found) == ""
