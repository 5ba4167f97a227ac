"""Staff list what a reseller's customers have; a reseller has no use for that."""

import pytest
from django.urls import reverse

from accounts.tests.factories import AdminFactory, ResellerFactory, UserFactory
from bots.tests.factories import BotInstanceFactory
from licensing.tests.factories import LicenseFactory

pytestmark = pytest.mark.django_db
LISTS = ["accounts_user", "licensing_license", "bots_botinstance"]
LISTS += ["billing_subscription"]


@pytest.fixture
def customer():
    return UserFactory.create(reseller=ResellerFactory.create())


@pytest.fixture
def staff(client):
    client.force_login(AdminFactory.create())
    return client


def shown(client, name, reseller):
    page = client.get(list_of(name), {"reseller": reseller})
    return set(page.context["cl"].result_list)


def list_of(name):
    return reverse(f"admin:{name}_changelist")


def test_lists_are_of_one_resellers_customers(staff, customer):
    LicenseFactory.create()
    license = LicenseFactory.create(user=customer)
    bot = BotInstanceFactory.create(license=license, user=customer)
    seller = customer.reseller_id

    assert shown(staff, "accounts_user", seller) == {customer}
    assert shown(staff, "licensing_license", seller) == {license}
    assert shown(staff, "bots_botinstance", seller) == {bot}
    assert shown(staff, "billing_subscription", seller) == set()


@pytest.mark.parametrize("name", LISTS)
def test_what_is_no_reseller_is_refused(staff, customer, name):
    assert staff.get(list_of(name), {"reseller": "nobody"}).status_code == 400


def test_the_number_of_customers_leads_to_them(staff, customer):
    page = staff.get(reverse("admin:licensing_reseller_changelist")).content.decode()

    assert f'?reseller={customer.reseller_id}">1</a>' in page


def test_a_reseller_is_not_offered_other_resellers(client, customer, bob):
    client.force_login(bob)

    page = client.get(list_of("accounts_user"), {"reseller": customer.reseller_id})

    assert customer.reseller.email not in page.content.decode()
    assert customer not in page.context["cl"].result_list
