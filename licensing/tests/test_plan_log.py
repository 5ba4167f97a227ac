"""What the log of the back office keeps of a plan that was changed."""

import pytest
from django.urls import reverse

from accounts.tests.factories import AdminFactory
from licensing.models import Plan

pytestmark = pytest.mark.django_db
PLAN = reverse("admin:licensing_plan_change", args=["PRO"])


@pytest.fixture
def superuser(client):
    superuser = AdminFactory.create(email="superuser@example.com")
    client.force_login(superuser)
    return superuser


def edit_plan(client, **changes):
    plan = Plan.objects.get(pk="PRO")
    names = ("max_accounts", "grace_days", "term_days", "currency")
    prices = ("monthly_price", "yearly_price", "lifetime_price")
    fields = {name: getattr(plan, name) for name in names}
    given = {name: getattr(plan, name) for name in prices}
    written = {name: "" if value is None else value for name, value in given.items()}
    features = {"features": ",".join(plan.features)}
    return client.post(PLAN, {**fields, **written, **features, **changes})


def test_the_log_keeps_the_values_of_a_plan(client, superuser):
    Plan.objects.filter(pk="PRO").update(monthly_price="29.00", lifetime_price=None)

    edit_plan(
        client, monthly_price="39.00", lifetime_price="1.00", features="Fast,Good"
    )

    text = "Monthly price: 29.00 → 39.00; Lifetime price: - → 1.00; Features: "
    for page in (
        reverse("admin:licensing_plan_history", args=["PRO"]),
        reverse("admin:admin_logentry_changelist"),
    ):
        shown = client.get(page).content.decode()
        assert text in shown
        assert "→ Fast, Good" in shown
