"""The index of the back office, its sidebar, and its search over all models."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import AdminFactory, ResellerFactory, UserFactory
from billing.models import MOST_ATTEMPTS, Invoice, Provider, ProviderEvent, Subscription
from billing.tests.factories import subscribed
from bots.models import BotInstance
from bots.tests.ea_client import license_key_of
from bots.tests.factories import BotInstanceFactory
from licensing.models import License
from licensing.tests.factories import AllotmentFactory, LicenseFactory
from notifications.models import Delivery, DeliveryState
from smarttrader.jobs.models import ArchivedPartition, Invariant, JobRequest, JobRun
from smarttrader.lib import clock
from smarttrader.lib.attention import counts_of
from smarttrader.tests.access import an_archive
from trading.tests.factories import ClosedTradeFactory

pytestmark = pytest.mark.django_db

INDEX = "admin:index"
WATCHED = (
    License,
    BotInstance,
    Subscription,
    ProviderEvent,
    Delivery,
    JobRun,
    JobRequest,
    ArchivedPartition,
    Invariant,
)


@pytest.fixture
def staff():
    client = Client()
    client.force_login(AdminFactory.create())
    return client


@pytest.fixture
def bob(alice):
    """Alice's reseller."""
    alice.reseller = ResellerFactory.create()
    alice.save()
    return alice.reseller


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def make_trouble(owner, number=0):
    """Make a row of each model that needs somebody."""
    now = clock.now()
    LicenseFactory.create(user=owner, expires_at=now + timedelta(days=3))
    BotInstanceFactory.create(
        owner=owner, last_heartbeat=now - timedelta(hours=1), offline_at=now
    )
    late = subscribed(owner, now, provider_id=f"paid-{number}")
    Subscription.objects.filter(pk=late.pk).update(past_due_since=now)
    ProviderEvent.objects.create(
        provider=Provider.STRIPE,
        event_id=f"evt_{number}",
        type="invoice.paid",
        occurred_at=now,
        received_at=now,
        payload={},
        attempts=MOST_ATTEMPTS,
        error="ValueError: no",
    )
    Delivery.objects.create(
        recipient=owner.email,
        subject="Hello",
        state=DeliveryState.DEAD,
        next_attempt_at=now,
        finished_at=now,
        error="SMTPDataError 550",
    )
    JobRun.objects.create(
        job=f"a.job{number}", started_at=now, finished_at=now, error="ValueError: no"
    )
    JobRequest.objects.create(
        job=f"a.job{number}", reason="why", requested_at=now, error="Unknown"
    )
    archive = an_archive(now)
    archive.generation, archive.error = number + 2, "damaged"
    archive.save()
    Invariant.objects.create(
        name=f"rule {number}", checked_at=now, broken_since=now, problems="broken"
    )


def counts(client):
    page = client.get(reverse(INDEX))
    return {each.model: each.count for each in page.context["concerns"]}


def figures_of(client, name):
    page = client.get(reverse(INDEX))
    return {str(each.label): each for each in page.context[name]}


def figures(client):
    return {label: each.value for label, each in figures_of(client, "figures").items()}


def test_the_index_is_quiet_while_nothing_is_wrong(staff):
    page = staff.get(reverse(INDEX))

    assert page.context["concerns"] == []
    assert "Nothing needs you now" in page.content.decode()


def test_each_concern_leads_to_the_list_of_just_its_rows(staff, alice):
    LicenseFactory.create(user=alice)  # without an end
    BotInstanceFactory.create(owner=alice, last_heartbeat=clock.now())
    make_trouble(alice)

    page = staff.get(reverse(INDEX))

    found = page.context["concerns"]
    assert {each.model: each.count for each in found} == dict.fromkeys(WATCHED, 1)
    for each in found:
        listed = staff.get(each.address)
        assert listed.status_code == 200, each.address
        assert len(listed.context["cl"].result_list) == 1, each.address
        assert each.address in page.content.decode()


def test_every_model_with_an_attention_has_the_filter_for_it(staff):
    for model, each in admin.site._registry.items():  # noqa: SLF001 -- no other list
        if getattr(each, "attention", ""):
            address = reverse(
                f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
            )
            assert staff.get(f"{address}?attention=needed").status_code == 200
            assert staff.get(f"{address}?attention=other").status_code == 400


def test_resellers_are_told_of_their_own_customers_only(alice, bob):
    stranger = ResellerFactory.create()
    make_trouble(alice)

    told = counts(signed_in(bob))

    assert told == {License: 1, BotInstance: 1, Subscription: 1}
    assert counts(signed_in(stranger)) == {}


def test_the_index_asks_as_often_for_three_of_each(staff, alice, count_statements):
    asked = []

    for number in range(3):
        make_trouble(alice if number == 0 else UserFactory.create(), number)
        with count_statements() as statements:
            staff.get(reverse(INDEX))
        asked.append(len(statements))

    assert asked[1] == asked[2]
    assert set(counts(staff).values()) == {3}


def test_a_failure_that_healed_needs_nobody(staff):
    now = clock.now()
    for minutes, error in ((9, "ValueError: no"), (5, "")):
        moment = now - timedelta(minutes=minutes)
        JobRun.objects.create(
            job="a.b", started_at=moment, finished_at=moment, error=error
        )

    assert counts(staff) == {}


def test_a_run_that_never_ended_needs_somebody(staff):
    JobRun.objects.create(job="a.b", started_at=clock.now() - timedelta(hours=7))
    JobRun.objects.create(job="b.c", started_at=clock.now())

    assert counts(staff) == {JobRun: 1}


def test_the_sidebar_of_every_page_has_the_numbers(staff, alice):
    make_trouble(alice)

    page = staff.get(reverse("admin:accounts_user_changelist"))

    models = [
        model for app in page.context["available_apps"] for model in app["models"]
    ]
    badges = {model["model"] for model in models if model["badge"]}
    assert badges == set(WATCHED)


def test_the_index_tells_staff_what_the_day_brought(staff, alice):
    yesterday = clock.now() - timedelta(days=2)
    UserFactory.create(created_at=yesterday)
    subscribed(alice, clock.now(), provider_id="paid")

    told = figures(staff)

    assert told["Sign-ups today"] == 1
    assert told["Revenue today, USD"] == "59.00"


def test_the_day_s_figures_lead_to_the_rows_that_they_count(staff, alice):
    UserFactory.create(created_at=clock.now() - timedelta(days=2))
    subscribed(alice, clock.now(), provider_id="paid")
    page = staff.get(reverse(INDEX))
    addresses = {str(each.label): each.address for each in page.context["figures"]}

    def shown(label):
        return list(staff.get(addresses[label]).context["cl"].result_list)

    assert shown("Sign-ups today") == [alice]
    assert [each.buyer_email for each in shown("Revenue today, USD")] == [alice.email]
    assert len(shown("Active licenses")) == 1


def test_the_index_tells_resellers_what_they_may_sell_yet(bob):
    AllotmentFactory.create(reseller=bob, total=7)
    AllotmentFactory.create(reseller=ResellerFactory.create(), total=9)

    told = figures(signed_in(bob))

    assert told["Pro Monthly left"] == 7
    assert told["Your customers"] == 1
    assert "Revenue today" not in told


def test_what_needs_attention_is_found_by_indexes():
    now = clock.now()
    watched: list[Any] = [License, BotInstance, JobRun, ProviderEvent, Subscription]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plans = [each.objects.needing_attention(now).explain() for each in watched]

    for plan in plans:
        assert "Seq Scan" not in plan, plan


def test_counts_end_at_a_thousand(monkeypatch):
    monkeypatch.setattr("smarttrader.lib.attention.MOST_COUNTED", 2)
    UserFactory.create_batch(3)

    assert counts_of(
        [License.objects.all(), type(UserFactory.create()).objects.all()]
    ) == [0, 2]


def test_partitions_are_shown_with_their_rows_and_sizes(staff):
    ClosedTradeFactory.create()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE trades")

    page = staff.get(reverse("admin:jobs_archivedpartition_partitions"))

    tables = {table.name: table for table in page.context["tables"]}
    assert tables.keys() == {"trades", "trade_history", "bot_logs"}
    (filled,) = [each for each in tables["trades"].partitions if each.rows]
    assert filled.rows == 1
    assert filled.bytes > 0
    assert filled.name in page.content.decode()


def test_the_hours_that_wait_for_a_roll_up_are_counted_and_listed(staff):
    trade = ClosedTradeFactory.create()  # a trigger marks its hour

    waiting = figures_of(staff, "technical")["Hours that wait for a roll-up"]
    page = staff.get(waiting.address)

    assert waiting.value == len(page.context["cl"].result_list) > 0
    assert trade.bot_instance.instance_name in page.content.decode()


# --- Search ---------------------------------------------------------------------------
def search(client, text):
    return client.post(reverse("admin:search"), {"q": text})


def page_of(row):
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def test_a_whole_key_leads_to_its_license_and_stands_in_no_address(staff, alice):
    key = license_key_of(alice)

    answer = search(staff, key.lower())

    assert answer["Location"] == page_of(License.objects.get())
    ignored = staff.get(reverse("admin:search"), {"q": key})
    assert ignored.context["found"] == []


@pytest.mark.parametrize("what", ["account", "ticket", "invoice"])
def test_a_number_leads_to_what_has_it(staff, alice, what):
    trade = ClosedTradeFactory.create(ticket_number="47110815")
    subscribed(alice, clock.now(), provider_id="paid")
    invoice = Invoice.objects.get()
    text, row = {
        "account": (trade.bot_instance.mt4_account, trade.bot_instance),
        "ticket": ("47110815", trade),
        "invoice": (invoice.number, invoice),
    }[what]

    assert search(staff, text)["Location"] == page_of(row)


def test_an_address_leads_to_all_that_is_theirs_by_kind(staff, alice):
    bot = BotInstanceFactory.create(owner=alice)
    BotInstanceFactory.create()

    page = search(staff, alice.email.upper())

    found = {hits.opts.model: hits.rows for hits in page.context["found"]}
    assert found == {User: [alice], License: [bot.license], BotInstance: [bot]}


def test_a_search_that_finds_nothing_says_so(staff):
    page = search(staff, "nobody@example.com")

    assert page.context["found"] == []
    assert "Nothing has this" in page.content.decode()


def test_a_stranger_s_search_finds_nothing(alice, bob):
    key = license_key_of(alice)
    trade = ClosedTradeFactory.create(
        bot_instance=BotInstanceFactory.create(owner=alice)
    )
    stranger = signed_in(ResellerFactory.create())

    texts = (key, alice.email, trade.ticket_number, trade.bot_instance.mt4_account)

    assert [search(stranger, text).context["found"] for text in texts] == [[]] * 4
    assert search(signed_in(bob), key).status_code == 302
