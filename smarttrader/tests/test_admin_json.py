"""What the back office shows of JSON."""

from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import Role, User
from billing.models import ProviderEvent
from licensing.models import LicenseEvent, LicenseType
from licensing.services.issuing import issue_license
from notifications.models import Delivery
from smarttrader.lib.actors import Actor, ActorType
from smarttrader.lib.admin_json import readable

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def shown(row):
    """Return what its page shows of a row's JSON, by the name of the field."""
    names = [field.name for field in row._meta.fields]
    made = [each for each in readable(type(row), names) if callable(each)]
    return {each.__name__: each(row) for each in made}


def payload(value):
    return shown(ProviderEvent(payload=value))["payload"]


def test_changes_are_one_table_and_what_did_not_change_is_folded():
    event = LicenseEvent(
        before={"max_accounts": 1, "status": "active", "note": None},
        after={"max_accounts": 1, "status": "suspended", "held": True, "note": ""},
    )

    table, rest = shown(event)["changes"].split("<details>")

    assert list(shown(event)) == ["changes"]
    assert '<th scope="row">status</th><td>active</td><td>suspended</td>' in table
    assert '<th scope="row">held</th><td></td><td>Yes</td>' in table
    assert '<th scope="row">note</th><td>-</td><td>&quot;&quot;</td>' in table
    assert table.count('scope="row"') == 3
    assert '<th scope="row">max accounts</th><td>1</td>' in rest
    assert rest.count('scope="row"') == 1


def test_an_event_that_changed_nothing_shows_no_table():
    assert shown(LicenseEvent(before={}, after={})) == {"changes": "-"}


def test_what_is_no_object_is_shown_before_and_after():
    table = shown(LicenseEvent(before=[1, 2], after="x"))["changes"]

    assert "<td>1, 2</td><td>x</td>" in table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        ("", '""'),
        ([], "[]"),
        ({}, "{}"),
        (0, "0"),
        (False, "No"),
        (True, "Yes"),
        ("a_b", "a_b"),
        (["a", 1, None], "a, 1, -"),
    ],
)
def test_values_that_are_no_tables(value, text):
    assert payload(value) == text


def test_what_is_nested_is_a_table_in_its_cell():
    table = payload({"plan_of": {"amount": 4900}, "codes": ["a", "b"]})

    inner = '<tr><th scope="row">amount</th><td>4900</td></tr>'
    assert f'<td><table class="json"><tbody>{inner}</tbody></table></td>' in table
    assert '<th scope="row">plan_of</th>' in table
    assert "<td>a, b</td>" in table


def test_objects_in_a_list_are_rows_of_one_table():
    table = payload([{"text": "Pro", "amount": "49.00"}, {"amount": "-5.00"}])

    head = '<th scope="col">text</th><th scope="col">amount</th>'
    assert f"<thead><tr>{head}</tr></thead>" in table
    assert "<tr><td>Pro</td><td>49.00</td></tr>" in table
    assert "<tr><td></td><td>-5.00</td></tr>" in table


def test_lists_in_a_list_are_numbered():
    table = payload([[1, 2], [3, 4]])

    assert '<th scope="row">1</th><td>1, 2</td>' in table
    assert '<th scope="row">2</th><td>3, 4</td>' in table


def test_markup_is_inert():
    bad = "<script>alert(1)</script>"
    event = LicenseEvent(before={bad: bad}, after={bad: [bad, {bad: [{bad: bad}]}]})

    table = shown(event)["changes"]

    assert "<script" not in table
    assert table.count("&lt;script&gt;") == 6


def test_a_page_shows_the_changes_of_an_event(client, alice):
    actor = Actor(ActorType.STAFF)
    issue_license(user=alice, license_type=LicenseType.PRO, actor=actor, now=NOW)
    client.force_login(User.objects.create_superuser("staff@example.com"))

    event = LicenseEvent.objects.get()
    page = client.get(reverse("admin:licensing_licenseevent_change", args=[event.pk]))

    shown = page.content.decode()
    assert '<table class="json">' in shown
    assert '<th scope="row">license type</th><td></td><td>PRO</td>' in shown


def test_a_page_leaves_out_what_is_excluded(rf):
    delivery_admin = admin.site.get_model_admin(Delivery)
    request = rf.get("/")
    request.user = User(is_superuser=True, role=Role.ADMIN)

    names = [
        getattr(each, "__name__", each) for each in delivery_admin.get_fields(request)
    ]

    assert "payload" in names
    assert not {"text", "html", "unsubscribe_url"} & set(names)
