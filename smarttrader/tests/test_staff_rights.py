"""What the staff's role brings, and that it goes with the role."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, transaction
from django.test import RequestFactory
from django.urls import reverse

from accounts.models import Role, User
from accounts.tests.factories import AdminFactory
from accounts.tests.test_auth_events import edit
from licensing.models import Plan
from smarttrader.lib.admin import visible_rows
from smarttrader.lib.admin_audit import AuditAdmin
from smarttrader.lib.attention import counts_of
from smarttrader.tests.admin_world import MODELS, REGISTRY, url_of

pytestmark = pytest.mark.django_db
PLAN = reverse("admin:licensing_plan_change", args=["PRO"])
AUDITS = [model for model in MODELS if isinstance(REGISTRY[model], AuditAdmin)]


@pytest.fixture
def superuser(client):
    superuser = AdminFactory.create(email="superuser@example.com")
    client.force_login(superuser)
    return superuser


@pytest.fixture
def member(db):
    """Return a member of the staff, who may all that the group Admin may."""
    member = AdminFactory.create(email="member@example.com", is_superuser=False)
    member.groups.add(Group.objects.get(name="Admin"))
    member.user_permissions.add(Permission.objects.order_by("pk")[0])
    return User.objects.get(pk=member.pk)


def rights_of(user):
    user = User.objects.get(pk=user.pk)
    return (
        user.is_superuser,
        user.groups.count(),
        user.user_permissions.count(),
        user.has_perm("licensing.change_plan"),
    )


@pytest.mark.parametrize("role", [Role.RESELLER, Role.USER])
def test_who_leaves_the_staff_leaves_its_rights(client, superuser, member, role):
    groups = [group.pk for group in member.groups.all()]

    edited = edit(client, member, role=role, groups=groups)

    assert edited.status_code == 302
    assert rights_of(member) == (False, 0, 0, False)


def test_a_superuser_who_leaves_the_staff_is_none(client, superuser):
    above = AdminFactory.create()

    edited = edit(client, above, role=Role.RESELLER, is_superuser="on")

    assert edited.status_code == 302
    assert rights_of(above) == (False, 0, 0, False)


def test_staff_who_give_no_groups_demote_who_has_some(client, member, superuser):
    colleague = AdminFactory.create(is_superuser=False)
    colleague.groups.add(Group.objects.get(name="Finance"))
    client.force_login(member)

    edited = edit(client, colleague, role=Role.USER)

    assert edited.status_code == 302
    assert rights_of(colleague) == (False, 0, 0, False)


def test_rights_go_with_the_role_by_whichever_door(member):
    User.objects.filter(pk=member.pk).update(role=Role.RESELLER)

    assert rights_of(member) == (False, 0, 0, False)


def test_a_reseller_who_was_staff_opens_their_pages_and_changes_no_plan(client, member):
    User.objects.filter(pk=member.pk).update(role=Role.RESELLER)
    client.force_login(User.objects.get(pk=member.pk))
    price = Plan.objects.get(pk="PRO").monthly_price

    changed = client.post(PLAN, {"monthly_price": "1.00"})
    statuses = {client.get(url_of(model, "changelist")).status_code for model in MODELS}

    assert changed.status_code == 403
    assert Plan.objects.get(pk="PRO").monthly_price == price
    assert statuses == {200, 403}
    assert client.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize(
    "right", [{"is_superuser": "on"}, {"groups": "Finance"}], ids=str
)
def test_nobody_but_staff_is_given_rights(client, superuser, bob, right):
    if "groups" in right:
        right = {"groups": [Group.objects.get(name=right["groups"]).pk]}

    edited = edit(client, bob, **right)

    assert "Only an admin may have this." in edited.content.decode()
    assert rights_of(bob) == (False, 0, 0, False)


@pytest.mark.parametrize(
    "give",
    [
        lambda user: user.groups.add(Group.objects.get(name="Admin")),
        lambda user: user.user_permissions.add(Permission.objects.order_by("pk")[0]),
        lambda user: User.objects.filter(pk=user.pk).update(is_superuser=True),
    ],
)
def test_the_database_gives_rights_to_none_but_staff(bob, give):
    with pytest.raises(IntegrityError), transaction.atomic():
        give(bob)


def test_a_group_counts_in_the_staff_s_role_alone(member):
    assert member.has_perm("licensing.change_plan")

    as_reseller = User.objects.get(pk=member.pk)
    as_reseller.role = Role.RESELLER

    assert not as_reseller.has_perm("licensing.change_plan")
    assert as_reseller.has_perm("licensing.view_license")


def test_plans_are_the_staff_s(bob):
    request = RequestFactory().get("/")
    request.user = bob

    assert list(REGISTRY[Plan].get_queryset(request)) == []


@pytest.mark.parametrize("model", AUDITS, ids=lambda model: model._meta.label)
def test_an_audit_tells_a_reseller_without_customers_nothing(bob, model):
    request = RequestFactory().get("/")
    request.user = bob

    for words in ([], ["bob@example.com"]):
        rows = visible_rows(model, request)
        audit: Any = REGISTRY[model]
        page = audit.found(request, rows, words, after=None, limit=9)
        assert page == []


def test_of_what_is_nobody_s_there_are_none():
    lists = [Plan.objects.none(), Plan.objects.all(), Plan.objects.none()]

    assert counts_of(lists) == [0, 4, 0]
