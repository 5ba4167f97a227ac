import pytest
from django.urls import reverse

from accounts.tests.factories import AdminFactory
from bots.tests.ea_client import Ea, license_key_of
from licensing.models import License

pytestmark = pytest.mark.django_db


@pytest.fixture
def search(client):
    client.force_login(AdminFactory.create())

    def found(text):
        page = client.get(reverse("admin:licensing_license_changelist"), {"q": text})
        return set(page.context["cl"].queryset)

    return found


def test_a_license_is_found_by_tail_owner_and_account(search, alice, charlie):
    key = license_key_of(alice)
    license_key_of(charlie)
    Ea().activate(key, mt4_account="778899")
    Ea().activate(key, mt4_account="778898")
    wanted = {License.objects.get(user=alice)}

    for text in ("alice@", "77889"):
        assert search(text) == wanted
    assert wanted <= search(key[-2:])
    assert search("nobody@") == set()


def test_no_page_of_a_license_shows_its_key(client, search, alice):
    key = license_key_of(alice)
    license = License.objects.get()

    page = client.get(reverse("admin:licensing_license_change", args=[license.pk]))

    text = page.content.decode()
    assert page.status_code == 200
    assert license.license_key not in text
    assert key not in text
    assert license.masked_key in text
