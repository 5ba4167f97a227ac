"""The back office's audits read pages off indexes, whatever they are filtered by."""

import html
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.backends import RESELLERS_MAY
from smarttrader.lib.admin_audit import AuditAdmin
from smarttrader.tests.plans.audits import PEOPLE, ROWS, Audits, write_audits
from smarttrader.tests.plans.capture import AUDITS, Plan, plans_of_statements
from smarttrader.tests.plans.test_back_office_lists import COUNT, NEXT

pytestmark = pytest.mark.django_db

REGISTRY = admin.site._registry  # noqa: SLF001 -- Django has no other list of it
LISTS = {
    model._meta.label: reverse(
        f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    )
    for model, each in REGISTRY.items()
    if isinstance(each, AuditAdmin)
}
PAGE = 51  # and whether there is a further one
# Of each combination that a filter may have; as many have rows at all as people have.
MOST_READ = PEOPLE * PAGE
OLDEST = {
    "accounts.AuthEvent": "type__exact=deleted",
    "licensing.LicenseEvent": "type__exact=transferred",
    "licensing.AllotmentEntry": "kind__exact=grant",
    "billing.SubscriptionEvent": "type__exact=change_undone",
    "bots.SettingsChange": "actor_type__exact=system",
    "admin.LogEntry": "action_flag__exact=3",
}

NONE = {
    "admin.LogEntry": "action_flag__exact=1",
    "licensing.AllotmentEntry": "kind__exact=reduction",
}


@dataclass(frozen=True)
class Asked:
    """What a list is asked for, and how many rows it then has on its page."""

    query: str
    shown: int


def questions(label: str, audits: Audits) -> Iterator[Asked]:
    yield Asked("", PAGE - 1)
    yield Asked(OLDEST[label], 1)
    yield Asked(NONE.get(label, "actor_type__exact=ea"), 0)
    if label == "admin.LogEntry":
        yield Asked(f"q={audits.staff.email}", PAGE - 1)
    elif label == "accounts.AuthEvent":
        yield Asked("q=person77@example.com", 40)
        yield Asked(f"q={audits.owner.pk}", PAGE - 1)
        yield Asked("q=request-77", 1)
    else:
        owner = audits.reseller if "Allotment" in label else audits.owner
        yield Asked(f"q={owner.email}", PAGE - 1)
    yield Asked("q=nobody@example.com", 0)


def rows_of(client: Client, url: str) -> tuple[int, str]:
    answer = client.get(url)
    assert answer.status_code == 200, url
    further = NEXT.search(answer.content.decode())
    shown = len(answer.context["cl"].result_list)
    return shown, html.unescape(further[1]) if further else ""


def complaints(plans: list[Plan]) -> Iterator[str]:
    for plan in plans:
        statement = " ".join(plan.sql.split())[:200]
        if plan.whole:
            yield f"{sorted(plan.whole)} read sequentially: {statement}"
        if plan.partitions and COUNT.search(plan.sql):
            yield f"counts or skips rows: {statement}"
        if max(plan.read, plan.sorted) > MOST_READ:
            yield f"{plan.read:.0f} read, {plan.sorted:.0f} sorted: {statement}"


def test_each_audit_is_tried_and_is_known_to_be_one():
    tables = {model._meta.db_table for model in REGISTRY if model._meta.label in LISTS}

    assert LISTS.keys() == OLDEST.keys()
    assert tables == AUDITS


@pytest.mark.parametrize("label", LISTS)
def test_no_page_of_an_audit_reads_it_whole(client, label):
    audits = write_audits()
    client.force_login(audits.staff)
    url = LISTS[label]
    found: list[str] = []

    for asked in questions(label, audits):
        with plans_of_statements(AUDITS) as plans:
            shown, further = rows_of(client, f"{url}?{asked.query}")
            assert shown == asked.shown, asked.query
            assert bool(further) == (shown == PAGE - 1), asked.query
            if further:
                shown, _ = rows_of(client, url + further)
                assert shown > 0, asked.query
        found += [f"{asked.query}: {each}" for each in complaints(plans)]

    assert "\n".join(found) == ""


@pytest.mark.parametrize("label", LISTS)
def test_a_reseller_s_pages_read_their_customers_rows_alone(client, label):
    name = label.lower().replace(".", ".view_")
    if name not in RESELLERS_MAY:
        return
    audits = write_audits()
    client.force_login(audits.reseller)

    with plans_of_statements(AUDITS) as plans:
        shown, further = rows_of(client, LISTS[label])
        again, _ = rows_of(client, LISTS[label] + further)

    assert (shown, again) == (PAGE - 1, PAGE - 1)
    assert "\n".join(complaints(plans)) == ""


def test_an_audit_is_walked_to_its_end_without_a_row_missed_or_shown_twice(client):
    audits = write_audits()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_admin_log WHERE id % 100 <> 0")
    client.force_login(audits.staff)
    url, found = LISTS["admin.LogEntry"], []

    further = "?"
    while further:
        answer = client.get(url + further)
        found += [row.pk for row in answer.context["cl"].result_list]
        further = answer.context["cl"].next_link

    assert len(found) == len(set(found)) == ROWS // 100
