"""Nothing in the back office acts before somebody read what will happen, and agreed.

From the back office's own lists: what is new there is asked here.
"""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import AuthEvent, User
from billing.models import ProviderEvent, Subscription
from bots.models import BotInstance
from licensing.models import Allotment, License, Reseller
from notifications.models import Delivery
from smarttrader.jobs.models import ArchivedPartition, JobRun
from smarttrader.tests.access import World
from smarttrader.tests.admin_world import (
    MODELS,
    admin_urls,
    fingerprint,
    offered_actions,
    text_of,
    url_of,
)

pytestmark = pytest.mark.django_db

# What changes nothing but the audit, which notes that rows were taken away.
EXPORTS = {(License, "export")}
OF_STAFF = {
    License,
    BotInstance,
    Subscription,
    ProviderEvent,
    Allotment,
    Reseller,
    Delivery,
    JobRun,
    ArchivedPartition,
    User,
}


@pytest.fixture
def world():
    return World()


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def asked(client: Client, world: World, model: Any, action: str) -> str:
    """Choose an action of a list for a row, and return the page that it leads to."""
    url = url_of(model, "changelist")
    sent = {"action": action, "_selected_action": str(world.rows[model].pk)}
    client.get(url, {**sent, "confirmed": "1", "reason": "x", "post": "yes"})
    answer = client.post(url, sent)
    assert answer.status_code == 200, (model, action)
    return text_of(answer)


@pytest.mark.parametrize(
    ("name", "models"),
    [("superuser", OF_STAFF), ("bob", {License})],
)
def test_no_action_acts_before_it_was_agreed_to(world, name, models):
    client, before = client_of(world.people[name]), fingerprint()
    found: dict[Any, set[str]] = {}

    for model in MODELS:
        for action in offered_actions(client, model):
            if (model, action) in EXPORTS:
                continue
            page = asked(client, world, model, action)
            asks = {name for name in ("confirmed", "post") if f'name="{name}"' in page}
            assert 'class="warn-note"' in page, (model, action)
            assert len(asks) == 1, (model, action)
            found.setdefault(model, set()).add(action)

    assert set(found) == models
    assert fingerprint() == before


def test_no_page_acts_on_a_form_without_values(world):
    """Empty but for the token that a browser sends; downloads alone leave a line."""
    client, before = client_of(world.people["superuser"]), fingerprint()
    exports = AuthEvent.objects.filter(type="exported")

    for url in admin_urls(world):
        client.get(url)
        client.post(url, {})

    files = {each.detail["file"] for each in exports}
    changed = {table for table, told in fingerprint().items() if told != before[table]}
    assert files == {"sales.csv", "revenue.csv"}
    assert changed == {"auth_events"}


def test_deleting_a_user_is_asked_with_what_goes_along(world):
    member = world.people["staff"]
    member.groups.add(Group.objects.get(name="Admin"))
    alice = world.people["alice"]

    page = text_of(client_of(member).get(url_of(User, "delete", alice.pk)))

    assert 'class="warn-note"' in page
    assert User.objects.filter(pk=alice.pk).exists()
