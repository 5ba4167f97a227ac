"""Passwords in the back office: what is offered is what there is."""

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import PASSWORD, AdminFactory

pytestmark = pytest.mark.django_db
ADD = reverse("admin:accounts_user_add")
PROMISES = ("LDAP", "Single Sign-On", "assword-based", "asswortbasiert")


@pytest.fixture
def superuser(client):
    superuser = AdminFactory.create(email="superuser@example.com")
    client.force_login(superuser)
    return superuser


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_page_promises_another_way_to_sign_in(client, superuser, language):
    User.objects.filter(pk=superuser.pk).update(language=language)
    without = User.objects.create_user("without@example.com")

    for page in (
        ADD,
        *(
            reverse(f"admin:{page}", args=[user.pk])
            for page in ("accounts_user_change", "auth_user_password_change")
            for user in (superuser, without)
        ),
    ):
        shown = client.get(page).content.decode()
        assert [each for each in PROMISES if each in shown] == [], page


def test_who_is_to_choose_a_password_has_none(client, superuser):
    fields = {"email": "new@example.com", "role": "user", "usable_password": "false"}

    client.post(ADD, fields)

    assert not User.objects.get(email="new@example.com").has_usable_password()


def test_a_password_is_asked_for_where_one_is_to_be_set(client, superuser):
    fields = {"email": "new@example.com", "role": "user", "usable_password": "true"}

    refused = client.post(ADD, fields)

    assert refused.context["adminform"].form.errors.keys() == {"password1", "password2"}


def test_who_has_no_password_is_given_one(client, superuser):
    user = User.objects.create_user("without@example.com")
    page = reverse("admin:auth_user_password_change", args=[user.pk])
    new = dict.fromkeys(("password1", "password2"), PASSWORD)

    refused = client.post(page, {"set-password": "", "password1": PASSWORD})
    done = client.post(page, {**new, "set-password": ""})

    user.refresh_from_db()
    assert (refused.status_code, done.status_code) == (200, 302)
    assert user.check_password(PASSWORD)
