"""What the form of a user refuses, in words, and said once."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Role, User
from accounts.tests.factories import PASSWORD, AdminFactory
from accounts.tests.test_auth_events import edit

pytestmark = pytest.mark.django_db
NO_RESELLER = ["This is no reseller, or the user themselves."]
TAKEN = {
    "en": "A user with this e-mail address exists already",
    "de": "Einen Benutzer mit dieser E-Mail-Adresse gibt es schon",
}


@pytest.fixture
def superuser(client):
    superuser = AdminFactory.create(email="superuser@example.com")
    client.force_login(superuser)
    return superuser


def errors_of(page):
    return page.context["adminform"].form.errors


def test_a_reseller_looks_after_a_customer(client, superuser, alice, bob):
    edited = edit(client, alice, reseller=bob.pk)

    alice.refresh_from_db()
    assert (edited.status_code, alice.reseller) == (302, bob)


@pytest.mark.parametrize("whom", ["charlie", "superuser", "alice", "bob"])
def test_nobody_else_does(client, superuser, alice, bob, charlie, whom):
    people = {"charlie": charlie, "superuser": superuser, "alice": alice, "bob": bob}
    user = bob if whom == "bob" else alice

    refused = edit(client, user, reseller=people[whom].pk)

    user.refresh_from_db()
    assert errors_of(refused) == {"reseller": NO_RESELLER}
    assert user.reseller is None


def test_the_customer_of_who_was_a_reseller_is_still_edited(
    client, superuser, alice, bob
):
    User.objects.filter(pk=alice.pk).update(reseller=bob)
    User.objects.filter(pk=bob.pk).update(role=Role.USER)

    edited = edit(client, alice, reseller=bob.pk, first_name="Alicia")

    alice.refresh_from_db()
    assert (edited.status_code, alice.first_name, alice.reseller) == (
        302,
        "Alicia",
        bob,
    )


def test_the_database_lets_nobody_be_their_own_reseller(bob):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=bob.pk).update(reseller=bob)


@pytest.mark.parametrize("language", TAKEN)
def test_that_an_address_is_taken_is_said_once(client, superuser, alice, language):
    User.objects.filter(pk=superuser.pk).update(language=language)
    passwords = dict.fromkeys(("password1", "password2"), PASSWORD)
    fields = {"email": "ALICE@example.com", "role": "user", "usable_password": "true"}

    refused = client.post(reverse("admin:accounts_user_add"), {**fields, **passwords})

    assert refused.content.decode().count(TAKEN[language]) == 1
    assert [len(each) for each in errors_of(refused).values()] == [1]
