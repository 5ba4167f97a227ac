"""Reseller Dana with whole forms, forged addresses and stolen keys, against Bob."""

import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.admin import RelatedFieldListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import ForeignKey
from django.test import Client
from django.urls import reverse

from accounts.backends import RESELLERS_MAY
from accounts.models import AuthEvent, User
from billing.models import Invoice
from bots.tests.ea_client import license_key_of
from licensing.models import Allotment, AllotmentEntry, License, Plan
from licensing.tests.factories import AllotmentFactory, LicenseFactory
from smarttrader.lib.keyset import Place
from smarttrader.tests.access import World
from smarttrader.tests.admin_world import (
    MODELS,
    admin_urls,
    fingerprint,
    text_of,
    url_of,
)

pytestmark = pytest.mark.django_db

ALICE = "alice@people.example"
ISSUE = reverse("admin:licensing_license_issue")
REPORT = reverse("admin:licensing_allotmententry_report")
THEIRS = [
    model
    for model in MODELS
    if f"{model._meta.app_label}.view_{model._meta.model_name}" in RESELLERS_MAY
]


@pytest.fixture
def world():
    return World()


def client_of(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


@pytest.fixture
def dana(world):
    return client_of(world, "dana")


def whole_form(world: World) -> dict[str, Any]:
    """Return values for whatever a page of the back office asks, about Alice."""
    return {
        **dict.fromkeys(("post", "confirmed", "agreed", "_save"), "yes"),
        **dict.fromkeys(("first_name", "last_name"), "Mallory"),
        **dict.fromkeys(("email", "owner", "to", "q"), ALICE),
        **dict.fromkeys(("password1", "password2"), "a long enough one"),
        "form_key": str(uuid.uuid4()),
        "role": "admin",
        "reseller": str(world.people["dana"].pk),
        "user": str(world.people["dana"].pk),
        "license": str(world.theirs["alice"].license.pk),
        "license_type": "PRO",
        "plan_type": "PRO",
        "cycle": "monthly",
        "billing_cycle": "monthly",
        "change": "ENTERPRISE monthly True",
        "reference": "Transfer 1",
        "reason": "mine now",
        "amount": "1.00",
        "refunded_before": "9.00",
        "quantity": "1",
        "cycles": "1",
        "days": "1",
        "time_zone": "UTC",
        "language": "en",
    }


def values_offered(client: Client, model: Any) -> set[str]:
    listed = client.get(url_of(model, "changelist")).context["cl"]
    return {
        str(choice["display"])
        for spec in listed.filter_specs
        for choice in spec.choices(listed)
    }


def strangers_in(world: World, response: Any) -> set[str]:
    text = text_of(response)
    known = {each for each, owner in world.known.items() if owner in "AB"}
    return {each for each in known if each in text} - {ALICE}


def test_whole_forms_to_every_url_change_and_tell_nothing(world, dana):
    AllotmentFactory.create(reseller=world.people["dana"])
    form, before = whole_form(world), fingerprint()
    told = {}

    for url in admin_urls(world):
        if url != REPORT:  # hers: it is a file of her own sales
            told[url] = strangers_in(world, dana.post(url, form))

    assert {url: found for url, found in told.items() if found} == {}
    assert fingerprint() == before


def test_an_action_that_names_a_foreign_row_among_own_ones_is_refused(world, dana):
    own, foreign = (world.theirs[name].license for name in ("charlie", "alice"))
    form, before = whole_form(world), fingerprint()
    del form["_save"]  # which makes it another form of the list's

    for action in ("suspend", "revoke", "extend", "reset_hardware", "export"):
        for across in ("0", "1"):
            answer = dana.post(
                url_of(License, "changelist"),
                {
                    **form,
                    "action": action,
                    "select_across": across,
                    ACTION_CHECKBOX_NAME: [str(own.pk), str(foreign.pk)],
                },
            )
            assert answer.status_code == 404, (action, across)

    assert fingerprint() == before


def test_nothing_foreign_is_deleted(world, dana):
    before = fingerprint()

    answers = {
        model: dana.post(url_of(model, "delete", row.pk), {"post": "yes"}).status_code
        for model, row in world.rows.items()
        if model in MODELS
    }

    assert set(answers.values()) <= {403, 404}
    assert fingerprint() == before


@pytest.mark.parametrize("field", ["id", "email", "password", "user", "license_key"])
def test_no_other_column_than_its_id_names_a_row(world, dana, field):
    for model in THEIRS:
        row = world.rows[model]
        value = getattr(row, field, row.pk)
        for page in ("change", "history", "delete"):
            url = f"{url_of(model, page, value)}?_to_field={field}"
            assert dana.get(url).status_code in (400, 403, 404), url
        listed = dana.get(f"{url_of(model, 'changelist')}?_to_field={field}&_popup=1")
        assert strangers_in(world, listed) == set()
        assert ALICE not in text_of(listed)


def test_no_field_of_any_model_completes_a_stranger_s_name(dana):
    fields = [
        (model, field.name)
        for model in MODELS
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey)
    ]
    answers = [
        dana.get(
            reverse("admin:autocomplete"),
            {
                "app_label": model._meta.app_label,
                "model_name": model._meta.model_name,
                "field_name": name,
                "term": "a",
            },
        )
        for model, name in fields
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert len(answers) > 20


def test_forged_pages_and_facets_of_lists_tell_of_nobody_else(world, dana):
    trade = world.theirs["alice"].trade
    places = {
        "after": str(Place(trade.closed_at, trade.pk)),
        "trail": str(Place(trade.closed_at, trade.pk)),
    }
    account = world.theirs["charlie"].bot.mt4_account

    for model in THEIRS:
        url = url_of(model, "changelist")
        for query in (
            {"_facets": "True"},
            {"all": ""},
            {"q": account, **places},
            {"q": account, "o": "-1.2"},
        ):
            answer = dana.get(url, query)
            told = strangers_in(world, answer) - {str(trade.pk)}
            assert told == set(), (url, query)
            assert ALICE not in text_of(answer)


def test_the_list_s_filters_that_a_page_leads_back_to_tell_of_nobody(world, dana):
    own = world.theirs["charlie"].license
    forged = {
        "q": ALICE,
        "user__password__startswith": "bcrypt",
        "next": '//example.com/"><script>',
    }
    url = url_of(License, "change", own.pk)

    page = dana.get(url, {"_changelist_filters": urlencode(forged)})

    text = text_of(page)
    assert strangers_in(world, page) == set()
    assert '"><script>' not in text
    assert f'href="{url_of(License, "changelist")}' in text
    assert 'href="//example.com' not in text


def test_a_filter_offers_no_value_that_only_a_stranger_s_row_has(world, dana):
    invoice = world.theirs["alice"].invoice
    invoice.pk, invoice.payment_id = uuid.uuid4(), uuid.uuid4()
    invoice.year, invoice.currency = 1999, "XTS"
    invoice.save(force_insert=True)

    offered = {
        name: values_offered(client_of(world, name), Invoice)
        for name in ("bob", "dana")
    }

    assert {"1999", "XTS"} <= offered["bob"]
    assert not {"1999", "XTS"} & offered["dana"]


def test_no_filter_offers_names_of_other_rows(dana):
    """Plans are everybody's; any other model's rows would be somebody's."""
    related = {
        (model, spec.field.related_model)
        for model in THEIRS
        for spec in dana.get(url_of(model, "changelist")).context["cl"].filter_specs
        if isinstance(spec, RelatedFieldListFilter)
    }

    assert related == {(Allotment, Plan)}


def test_the_search_of_everything_finds_nothing_of_a_stranger_s(world, dana):
    key = license_key_of(world.people["alice"])
    invoice = world.theirs["alice"].invoice.number
    strangers = [text for text, owner in world.known.items() if owner in "AB"]

    for text in (*strangers, invoice, key):
        answer = dana.post(reverse("admin:search"), {"q": text})
        assert answer.status_code == 200, text
        assert answer.context["found"] == [], text


def test_a_stolen_form_key_shows_nobody_s_keys(world, dana):
    for name in ("bob", "dana"):
        AllotmentFactory.create(reseller=world.people[name])
    form = {**whole_form(world), "download": "1"}
    keys = text_of(client_of(world, "bob").post(ISSUE, form))
    staffs = {**form, "form_key": str(uuid.uuid4())}
    theirs = text_of(client_of(world, "superuser").post(ISSUE, staffs))
    before = License.objects.count()

    for stolen in (form, staffs):
        answer = text_of(dana.post(ISSUE, stolen))
        assert "not looked after by this reseller" in answer
        for line in (*keys.splitlines()[1:], *theirs.splitlines()[1:]):
            assert line.split(",")[0] not in answer

    assert License.objects.count() == before


def test_the_staff_s_form_does_not_open_to_a_reseller(world, dana):
    """`owner` and `agreed` are the staff's words: to her they are nothing."""
    charlie = world.people["charlie"]
    form = {**whole_form(world), "owner": charlie.email, "license_type": "ENTERPRISE"}

    dana.post(ISSUE, form)
    dana.post(ISSUE, {**form, "email": charlie.email})

    assert not License.objects.filter(license_type="ENTERPRISE").exists()


def test_her_files_hold_her_own_sales_and_leave_a_line_in_her_name(world, dana):
    for name in ("bob", "dana"):
        seller = world.people[name]
        AllotmentFactory.create(reseller=seller)
        customer = {"bob": ALICE, "dana": "charlie@people.example"}[name]
        quantity = {"bob": "3", "dana": "2"}[name]
        form = {**whole_form(world), "email": customer, "quantity": quantity}
        client_of(world, name).post(ISSUE, form)

    sales = text_of(dana.post(REPORT)).splitlines()

    assert [line.split(",")[4] for line in sales[1:]] == ["2"]
    event = AuthEvent.objects.get(type="exported")
    assert (event.actor_id, event.detail["file"]) == (
        world.people["dana"].pk,
        "sales.csv",
    )


def test_a_customer_who_leaves_for_another_reseller_is_out_of_sight(world, dana):
    charlie = world.people["charlie"]
    license = LicenseFactory.create(user=charlie)
    shown = dana.get(url_of(License, "change", license.pk)).status_code

    User.objects.filter(pk=charlie.pk).update(reseller=world.people["bob"])

    assert shown == 200
    assert dana.get(url_of(License, "change", license.pk)).status_code == 404
    assert not AllotmentEntry.objects.filter(license_id=license.pk).exists()
