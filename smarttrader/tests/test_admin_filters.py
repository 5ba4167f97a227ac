"""A filter's value that means nothing is refused, in every list, never all rows."""

from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import AdminFactory, UserFactory
from smarttrader.tests.admin_world import MODELS, REGISTRY, url_of

pytestmark = pytest.mark.django_db

USERS = reverse("admin:accounts_user_changelist")
FILTERED = [model for model in MODELS if REGISTRY[model].list_filter]
# Of these any text is a value that a row may have.
FREE = (admin.AllValuesFieldListFilter, admin.RelatedFieldListFilter)


@pytest.fixture
def staff(client):
    client.force_login(AdminFactory.create(email="staff@example.com"))
    return client


def filters_of(staff: Any, model: Any) -> list[str]:
    """Return what an address may ask of a list's filters, free text aside."""
    listed = staff.get(url_of(model, "changelist")).context["cl"]
    return [
        name
        for spec in listed.filter_specs
        if not isinstance(spec, FREE)
        for name in spec.expected_parameters()
        if not name.endswith("__isnull")
    ]


@pytest.mark.parametrize("model", FILTERED, ids=lambda model: model._meta.label)
def test_a_value_that_means_nothing_is_refused(staff, model):
    url = url_of(model, "changelist")
    answers = {
        name: staff.get(url, {name: "nonsense"}).status_code
        for name in filters_of(staff, model)
    }

    assert answers == dict.fromkeys(answers, 400)


@pytest.mark.parametrize(
    "query",
    [
        "created_at__gte=foo",
        "created_at__gte=2026-13-01",
        "is_active__exact=maybe",
        "role__exact=emperor",
        "role__exact=user&role__exact=emperor",
        "created_at__lt=",
        "is_active__in=1,maybe",
    ],
)
def test_users_are_filtered_by_what_has_a_meaning(staff, query):
    assert staff.get(f"{USERS}?{query}").status_code == 400


def test_what_has_a_meaning_filters(staff):
    UserFactory.create()

    page = staff.get(USERS, {"role__exact": "admin", "is_active__exact": "1"})

    (found,) = page.context["cl"].result_list
    assert found == User.objects.get(role="admin")


def test_beyond_the_last_page_is_the_first_of_the_same_filter(staff):
    UserFactory.create()

    page = staff.get(USERS, {"role__exact": "user", "p": "99"})

    (found,) = page.context["cl"].result_list
    assert (page.status_code, found.role) == (200, "user")
