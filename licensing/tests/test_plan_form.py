"""What the form of a plan refuses, at its field and in words."""

import pytest
from django.db import IntegrityError, transaction

from accounts.tests.factories import AdminFactory
from licensing.models import Plan
from licensing.tests.test_plan_log import edit_plan

pytestmark = pytest.mark.django_db
NOT_A_CURRENCY = "A currency is three capital letters, such as USD."


@pytest.fixture
def superuser(client):
    superuser = AdminFactory.create(email="superuser@example.com")
    client.force_login(superuser)
    return superuser


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("currency", "usd", NOT_A_CURRENCY),
        ("currency", "US", NOT_A_CURRENCY),
        ("currency", "U5D", NOT_A_CURRENCY),
        ("monthly_price", "-1", "Ensure this value is greater than or equal to 0."),
        ("yearly_price", "-1", "Ensure this value is greater than or equal to 0."),
        ("lifetime_price", "-1", "Ensure this value is greater than or equal to 0."),
        ("max_accounts", "0", "Ensure this value is greater than or equal to 1."),
        ("term_days", "0", "Ensure this value is greater than or equal to 1."),
        ("grace_days", "366", "Ensure this value is less than or equal to 365."),
    ],
)
def test_what_no_plan_has_is_refused_at_its_field(
    client, superuser, field, value, told
):
    before = Plan.objects.get(pk="PRO")

    refused = edit_plan(client, **{field: value})

    assert refused.context["adminform"].form.errors == {field: [told]}
    assert getattr(Plan.objects.get(pk="PRO"), field) == getattr(before, field)


@pytest.mark.parametrize("currency", ["usd", "US", ""])
def test_the_database_has_codes_of_currencies_alone(db, currency):
    with pytest.raises(IntegrityError), transaction.atomic():
        Plan.objects.filter(pk="PRO").update(currency=currency)
