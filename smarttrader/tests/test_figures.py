"""Each figure of the back office's index leads to as many rows as it tells."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import AdminFactory, ResellerFactory, UserFactory
from bots.tests.factories import BotInstanceFactory
from licensing.models import Allotment
from licensing.tests.factories import LicenseFactory
from smarttrader.jobs.models import ArchivedPartition
from smarttrader.lib import clock
from smarttrader.lib.admin import ScopedAdmin
from trading.tests.factories import ClosedTradeFactory

pytestmark = pytest.mark.django_db

# Credits and partitions: their lists have a row for many of them.
NO_ROWS = (Allotment, ArchivedPartition)
LONG_AGO = timedelta(days=400)


@pytest.fixture
def bob():
    """A reseller whose customers have of each what figures count, and leave out."""
    now, reseller = clock.now(), ResellerFactory.create()
    for moment in (now, now - LONG_AGO):
        people = UserFactory.create_batch(2, reseller=reseller)
        User.objects.filter(pk__in=[each.pk for each in people]).update(
            created_at=moment
        )
        for owner in people:
            LicenseFactory.create(user=owner, issued_at=moment)
            BotInstanceFactory.create(owner=owner, last_heartbeat=moment)
    BotInstanceFactory.create(owner=owner, last_heartbeat=now, released_at=now)
    ClosedTradeFactory.create()
    return reseller


@pytest.mark.parametrize("is_staff", [True, False])
def test_each_figure_leads_to_as_many_rows_as_it_tells(rf, bob, is_staff):
    user = AdminFactory.create() if is_staff else bob
    client, request = Client(), rf.get("/")
    client.force_login(user)
    request.user = user
    told, listed = {}, {}

    for model, each in admin.site._registry.items():  # noqa: SLF001 -- no other list
        if isinstance(each, ScopedAdmin) and model not in NO_ROWS:
            if not each.has_view_permission(request):
                continue
            for figure in each.figures(request, clock.now()):
                if isinstance(figure.value, int):
                    page = client.get(figure.address)
                    told[figure.label] = figure.value
                    listed[figure.label] = page.context["cl"].result_count

    assert listed == told
    assert told["Licenses issued this month"] == told["Bots online"] == 2


def test_a_list_refuses_a_connection_that_it_does_not_know(client):
    client.force_login(AdminFactory.create())
    url = reverse("admin:bots_botinstance_changelist")

    assert client.get(url, {"connection": "none"}).status_code == 400
