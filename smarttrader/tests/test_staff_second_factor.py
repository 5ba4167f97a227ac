"""The back office as production has it: nobody gets anywhere without a second factor.

access_matrix.csv is written for a laptop, where none is asked for.
"""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.urls import reverse

from smarttrader.tests.access import World, asked, patterns, read_table

pytestmark = pytest.mark.django_db
STAFF = ("bob", "staff", "superuser")


@pytest.fixture
def world(no_limits, settings):
    assert not settings.DEBUG
    settings.STAFF_TOTP_REQUIRED = True
    return World()


def paths(world):
    """Return each URL of the back office, as the table names it, with its path."""
    return {
        path: world.path_of(path, name, pattern)
        for path, name, pattern in reversed([*patterns()])
        if path.startswith("admin/")
    }


@pytest.mark.parametrize("name", STAFF)
def test_without_one_every_url_leads_to_enrolment(world, name):
    client = world.clients[name]

    answers = {
        (path, method): getattr(client, method)(url)
        for path, url in paths(world).items()
        for method in ("get", "post")
    }

    enrolment = reverse("mfa_activate_totp")
    assert len(answers) > 100
    assert {
        key: answer.status_code
        for key, answer in answers.items()
        if answer.status_code != 302 or answer["Location"] != enrolment
    } == {}


@pytest.mark.parametrize("name", ["bob", "staff"])
def test_with_one_every_url_answers_what_the_table_says(world, name):
    TOTP.activate(world.people[name], "JBSWY3DPEHPK3PXP")
    client, table = world.clients[name], read_table()[name]

    told = {
        path: asked(client, "GET", url, world) for path, url in paths(world).items()
    }

    assert told == {path: table[path, "GET"] for path in told}
