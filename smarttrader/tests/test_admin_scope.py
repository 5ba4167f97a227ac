"""Reseller Dana against all that is Bob's and his customer Alice's, by each URL.

Each test makes the world once and walks all models: it is dear.
"""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from accounts.backends import RESELLERS_MAY
from accounts.models import AuthEvent, User
from accounts.tests.factories import AdminFactory
from billing.models import Subscription
from bots.models import BotInstance
from licensing.models import Allotment, AllotmentEntry, License
from licensing.tests.factories import AllotmentFactory
from smarttrader.tests.access import World
from smarttrader.tests.admin_world import (
    MODELS,
    REGISTRY,
    admin_urls,
    fingerprint,
    text_of,
    url_of,
)

pytestmark = pytest.mark.django_db

THEIRS = [
    model
    for model in MODELS
    if f"{model._meta.app_label}.view_{model._meta.model_name}" in RESELLERS_MAY
]
GUESSES = [
    "user__password__startswith=bcrypt",
    "owner__password__startswith=bcrypt",
    "password__startswith=bcrypt",
    "license_key__startswith=k1",
    "user__reseller__email__startswith=b",
    "bot_instance__user__password__startswith=b",
    "license__user__password__startswith=b",
    "reseller__password__startswith=b",
    "id__startswith=0",
    # What a date_hierarchy would ask, of a list that has none.
    "user__created_at__year=2026",
    "bot_instance__user__created_at__day=1",
    "last_login__month=1",
]


@pytest.fixture
def world():
    return World()


@pytest.fixture
def dana(world):
    client = Client()
    client.force_login(world.people["dana"])
    return client


def told_of_others(world: World, response: Any) -> set[str]:
    """Return what an answer tells of Alice and of Bob."""
    text = text_of(response)
    strangers = {known for known, owner in world.known.items() if owner in "AB"}
    return {known for known in strangers if known in text}


def test_no_url_of_the_admin_shows_or_changes_what_is_bob_s(world, dana):
    before = fingerprint()
    told = {}

    for url in admin_urls(world):
        answers = (dana.get(url), dana.post(url, {"post": "yes", "confirmed": "1"}))
        told[url] = set().union(*(told_of_others(world, each) for each in answers))

    assert {url: found for url, found in told.items() if found} == {}
    after = fingerprint()
    assert {table for table in after if after[table] != before[table]} == {
        "auth_events"  # she took a file of her own sales
    }
    assert AuthEvent.objects.get(type="exported").actor_id == world.people["dana"].pk
    assert dana.get(reverse("admin:index")).status_code == 200  # she was signed in


def test_a_foreign_row_is_not_there(world, dana):
    shown, changed = {}, {}
    for model in THEIRS:
        for page in ("change", "history"):
            url = url_of(model, page, world.rows[model].pk)
            shown[url] = dana.get(url).status_code
            changed[url] = dana.post(url, {"email": "mine@example.com"}).status_code

    assert shown == dict.fromkeys(shown, 404)
    # What nobody changes is refused before anything is looked for.
    assert set(changed.values()) == {403, 404}


def test_each_action_on_a_foreign_row_is_refused(world, dana):
    before = fingerprint()
    answers: dict[Any, set[int]] = {}

    for model in THEIRS:
        for action in REGISTRY[model].actions or ():
            for extra in ({}, {"confirmed": "1", "reason": "mine now"}):
                told = {"action": action, "_selected_action": world.rows[model].pk}
                answer = dana.post(url_of(model, "changelist"), {**told, **extra})
                answers.setdefault(model, set()).add(answer.status_code)

    # Where no action is hers, the list is drawn as if none had been named.
    assert answers == {
        License: {404},
        BotInstance: {200},
        Allotment: {200},
        Subscription: {200},
    }
    assert fingerprint() == before


def test_no_column_is_guessed_letter_by_letter(dana):
    answers = {
        (model, query): dana.get(f"{url_of(model, 'changelist')}?{query}").status_code
        for model in THEIRS
        for query in GUESSES
    }

    assert answers == dict.fromkeys(answers, 400)


def test_lists_searches_and_popups_show_nobody_else_s(world, dana):
    told = {}
    for model in THEIRS:
        for query in (
            {},
            {"q": "alice@people.example"},
            {"q": world.theirs["alice"].bot.mt4_account},
            {"_to_field": "id", "_popup": "1"},
        ):
            answer = dana.get(url_of(model, "changelist"), query)
            # The page repeats what was searched for.
            told[model, str(query)] = told_of_others(world, answer) - {*query.values()}

    assert {asked: found for asked, found in told.items() if found} == {}


def test_no_autocompletion_tells_of_strangers(dana):
    found = []
    for model in MODELS:
        query = {
            "app_label": model._meta.app_label,
            "model_name": model._meta.model_name,
            "field_name": "user",
            "term": "alice",
        }
        answer = dana.get(reverse("admin:autocomplete"), query)
        if answer.status_code != 403:
            found += answer.json()["results"]

    assert found == []


def test_dana_s_own_file_holds_her_customers_only(world, dana):
    url = reverse("admin:licensing_license_changelist")
    own = world.theirs["charlie"].license

    answer = dana.post(url, {"action": "export", "_selected_action": str(own.pk)})
    whole = dana.post(
        url,
        {"action": "export", "_selected_action": str(own.pk), "select_across": "1"},
    )

    for file in (answer, whole):
        text = text_of(file)
        assert "charlie@people.example" in text
        assert not re.search(r"alice@|bob@", text)


def test_dana_neither_becomes_staff_nor_takes_a_customer_s_account(world, dana):
    charlie = world.people["charlie"]
    edit = reverse("admin:accounts_user_change", args=[charlie.pk])

    dana.post(
        edit,
        {
            "first_name": "Carl",
            "last_name": "C",
            "time_zone": "UTC",
            "language": "en",
            "email": "mine@example.com",
            "role": "admin",
            "is_superuser": "on",
            "reseller": "",
            "is_active": "",
        },
    )
    password = dana.post(
        reverse("admin:auth_user_password_change", args=[charlie.pk]),
        {"password1": "a long enough one", "password2": "a long enough one"},
    )

    charlie.refresh_from_db()
    assert password.status_code == 403
    assert (charlie.first_name, charlie.email, charlie.role) == (
        "Carl",
        "charlie@people.example",
        "user",
    )
    assert (charlie.is_active, charlie.is_superuser) == (True, False)
    assert charlie.reseller == world.people["dana"]


def test_a_new_customer_of_dana_is_hers(world, dana):
    people = dana.get(reverse("admin:accounts_user_changelist")).content.decode()
    assert "Invite a customer" in people
    assert "Add user" not in people

    dana.post(
        reverse("admin:accounts_user_add"),
        {
            "email": "new@example.com",
            "first_name": "Nora",
            "role": "admin",
            "reseller": str(world.people["bob"].pk),
        },
    )

    nora = User.objects.get(email="new@example.com")
    assert (nora.reseller, nora.role) == (world.people["dana"], "user")
    assert not nora.has_usable_password()


def test_resellers_see_their_own_allotments_and_ledger(world, dana):
    AllotmentFactory.create(reseller=world.people["bob"], total=12_345)
    AllotmentFactory.create(reseller=world.people["dana"], total=77)

    for model in (Allotment, AllotmentEntry):
        text = text_of(dana.get(url_of(model, "changelist")))
        assert "77" in text
        assert re.search(r"12,?345", text) is None
    assert dana.get(reverse("admin:licensing_allotment_grant")).status_code == 403


@pytest.mark.parametrize(
    ("group", "may", "may_not"),
    [
        ("Support", "licensing.change_license", "accounts.change_user"),
        ("Finance", "licensing.change_allotment", "licensing.change_license"),
        ("Finance", "billing.change_subscription", "bots.view_botlog"),
        ("Admin", "accounts.change_user", ""),
    ],
)
def test_staff_may_what_their_group_may(group, may, may_not):
    staff = AdminFactory.create(is_superuser=False)
    staff.groups.add(group_named(group))
    staff = User.objects.get(pk=staff.pk)

    assert staff.has_perm(may)
    assert not may_not or not staff.has_perm(may_not)


def test_staff_of_the_admins_group_become_no_superusers(world):
    staff = world.people["staff"]
    staff.groups.add(group_named("Admin"))
    client = Client()
    client.force_login(staff)
    above = world.people["superuser"]

    client.post(
        reverse("admin:accounts_user_change", args=[staff.pk]),
        {
            "email": staff.email,
            "role": "admin",
            "time_zone": "UTC",
            "language": "en",
            "is_active": "on",
            "email_verified": "on",
            "is_superuser": "on",
        },
    )
    changed = client.post(
        reverse("admin:accounts_user_change", args=[above.pk]),
        {
            "email": "mine@example.com",
            "role": "user",
            "time_zone": "UTC",
            "language": "en",
        },
    )

    staff.refresh_from_db()
    assert not staff.is_superuser
    assert changed.status_code == 403


def test_every_permission_of_resellers_exists():
    known = {
        f"{each.content_type.app_label}.{each.codename}"
        for each in Permission.objects.select_related("content_type")
    }

    assert known >= RESELLERS_MAY


def group_named(name):
    return Group.objects.get(name=name)
