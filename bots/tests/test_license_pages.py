"""Licenses as their owner sees them: in use, over the limit, revealed, released."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.tests.factories import PASSWORD
from bots.models import BotInstance
from bots.services.licenses import transfer
from bots.tests.ea_client import Ea, license_key_of
from bots.tests.factories import BotInstanceFactory
from licensing.models import License, LicenseEvent, LicenseStatus
from licensing.services.secrets import reveal_key
from licensing.tests.factories import LicenseFactory, LicenseHoldFactory
from smarttrader.lib import clock
from smarttrader.lib.actors import COMMAND_LINE, SYSTEM

pytestmark = pytest.mark.django_db

LICENSES = reverse("licenses")


@pytest.fixture
def alices_browser(client, alice):
    client.force_login(alice)
    return client


@pytest.fixture
def key(alice):
    return license_key_of(alice, max_accounts=2)


@pytest.fixture
def ea(key):
    ea = Ea()
    ea.activate(key)
    return ea


def url(name, *more):
    return reverse(name, args=[License.objects.get().pk, *more])


def prove(alices_browser, address):
    """Ask for a page, and give the password that allauth wants first."""
    asked = alices_browser.get(address)
    assert asked.url.startswith(reverse("account_reauthenticate"))
    return alices_browser.post(
        asked.url, {"password": PASSWORD, "next": address}, follow=True
    )


def standings(alices_browser):
    cards = alices_browser.get(LICENSES).context["cards"]
    return [card.used.standing.code for card in cards]


def told(response):
    return [str(each) for each in response.context["messages"]]


def events():
    return list(
        LicenseEvent.objects.order_by("sequence").values_list("type", flat=True)
    )


# --- The list -------------------------------------------------------------------------
def test_a_license_is_shown_masked_with_the_accounts_it_is_in_use_on(
    alices_browser, ea, key
):
    page = alices_browser.get(LICENSES)

    (card,) = page.context["cards"]
    (account,) = card.used.accounts
    assert [bot.mt4_account for bot in account.bots] == ["900100"]
    assert (card.resets_left, card.resets_allowed) == (3, 3)
    assert card.used.accounts_over == 0
    assert card.used.license.masked_key in page.content.decode()
    assert key not in page.content.decode()


def test_others_licenses_are_not_there(client, charlie, ea):
    client.force_login(charlie)

    assert client.get(LICENSES).context["cards"] == []
    bot = BotInstance.objects.get()
    for address in (
        url("license"),
        url("license_reset"),
        url("license_release", bot.pk),
    ):
        assert client.get(address).status_code == 404
        assert client.post(address).status_code in (404, 405)
    for name in ("license_reveal", "license_rotate"):
        assert client.get(url(name)).status_code == 404
    assert events() == ["issued", "hardware_bound", "activated"]


def test_licenses_go_on_on_a_further_page(alices_browser, alice):
    for number in range(12):
        LicenseFactory(user=alice, issued_at=datetime(2026, 1, 1 + number, tzinfo=UTC))

    first = alices_browser.get(LICENSES).context
    second = alices_browser.get(LICENSES, {"after": str(first["next"])}).context

    shown = [card.used.license.issued_at.day for card in first["cards"]]
    rest = [card.used.license.issued_at.day for card in second["cards"]]
    assert (shown, rest) == (list(range(12, 2, -1)), [2, 1])
    assert second["next"] is None
    assert alices_browser.get(LICENSES, {"after": "nothing"}).status_code == 400


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "VALID"),
        ({"expires_at": timedelta(days=1)}, "VALID"),
        ({"expires_at": timedelta(days=-1)}, "GRACE"),
        ({"expires_at": timedelta(days=-100)}, "LICENSE_EXPIRED"),
        ({"status": LicenseStatus.REVOKED}, "LICENSE_REVOKED"),
    ],
)
def test_how_a_license_stands_is_decided_now(alices_browser, alice, fields, code):
    ends = fields.get("expires_at")
    LicenseFactory(user=alice, **{**fields, "expires_at": ends and clock.now() + ends})

    assert standings(alices_browser) == [code]


def test_a_held_license_is_suspended(alices_browser, alice):
    LicenseHoldFactory(license=LicenseFactory(user=alice), reason="A staff secret")

    page = alices_browser.get(LICENSES)

    assert standings(alices_browser) == ["LICENSE_SUSPENDED"]
    assert "A staff secret" not in page.content.decode()


def test_a_license_in_use_on_more_accounts_than_it_has_says_so(alices_browser, alice):
    license = LicenseFactory(user=alice, max_accounts=1)
    for account in ("500001", "500001", "500002", "500003"):
        BotInstanceFactory(license=license, mt4_account=account)

    page = alices_browser.get(LICENSES)

    (card,) = page.context["cards"]
    assert (len(card.used.accounts), card.used.accounts_over) == (3, 2)
    assert "2 accounts over the limit" in page.content.decode()


def test_the_list_asks_as_much_for_many_as_for_one(
    alices_browser, alice, count_statements
):
    BotInstanceFactory(owner=alice)
    with count_statements() as for_one:
        alices_browser.get(LICENSES)
    for _ in range(6):
        BotInstanceFactory.create_batch(3, license=LicenseFactory(user=alice))
    with count_statements() as for_many:
        alices_browser.get(LICENSES)

    assert len(for_many) == len(for_one)


# --- The key --------------------------------------------------------------------------
def test_the_key_is_shown_to_who_proved_lately_who_they_are(alices_browser, key):
    asked = prove(alices_browser, url("license_reveal"))
    shown = alices_browser.post(url("license_reveal"))

    assert key not in asked.content.decode()
    assert key in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    assert events() == ["issued", "key_revealed"]


def test_a_wrong_password_shows_no_key(alices_browser, key):
    address = alices_browser.get(url("license_reveal")).url

    alices_browser.post(address, {"password": "wrong", "next": url("license_reveal")})

    assert alices_browser.post(url("license_reveal")).status_code == 302
    assert events() == ["issued"]


def test_a_replaced_key_is_the_only_one(alices_browser, ea, key):
    prove(alices_browser, url("license_rotate"))

    response = alices_browser.post(url("license_rotate"), follow=True)
    shown = alices_browser.post(url("license_reveal")).content.decode()

    assert told(response) == ["The license has a new key. The old one is unknown."]
    assert key not in shown
    assert ea.call("heartbeat")["code"] == "TOKEN_INVALID"
    assert ea.activate(key)["code"] == "LICENSE_NOT_FOUND"


def test_a_revoked_license_keeps_its_key(alices_browser, key):
    prove(alices_browser, url("license_rotate"))
    License.objects.update(status=LicenseStatus.REVOKED)

    response = alices_browser.post(url("license_rotate"), follow=True)

    assert told(response) == ["The license was revoked, which is final"]


# --- Computer and accounts ------------------------------------------------------------
def test_the_computer_is_reset_three_times_in_30_days(alices_browser, ea, key):
    left = []
    for _ in range(4):
        response = alices_browser.post(url("license_reset"), follow=True)
        left.append(response.context["cards"][0].resets_left)
        Ea().activate(key)

    assert left == [2, 1, 0, 0]
    assert told(response) == [
        "The computer was reset too often in 30 days: ask support"
    ]


def test_a_released_account_frees_its_slot_and_ends_its_bots(alices_browser, ea):
    bot = BotInstance.objects.get()
    asked = alices_browser.get(url("license_release", bot.pk))

    first = alices_browser.post(url("license_release", bot.pk), follow=True)
    again = alices_browser.post(url("license_release", bot.pk), follow=True)

    assert "900100" in asked.content.decode()
    assert alices_browser.get(LICENSES).context["cards"][0].used.accounts == []
    assert ea.call("heartbeat")["code"] == "TOKEN_INVALID"
    assert told(first) == ["Account 900100 is released; its slot is free."]
    assert told(again) == ["The license is not in use on this account"]


# --- History --------------------------------------------------------------------------
def test_the_history_tells_what_was_done(alices_browser, ea):
    lines = alices_browser.get(url("license")).context["lines"]

    assert [line.event.type for line in lines] == [
        "activated",
        "hardware_bound",
        "issued",
    ]
    assert lines[0].details[:2] == [("account", "900100"), ("bot", "MT4 900100")]


def test_the_history_goes_on_by_number(alices_browser, ea):
    for _ in range(27):
        note_event()

    first = alices_browser.get(url("license")).context
    second = alices_browser.get(url("license"), {"before": first["next"]}).context

    numbers = [line.event.sequence for line in (*first["lines"], *second["lines"])]
    assert numbers == list(range(30, 0, -1))
    assert second["next"] is None
    for odd in ("x", "-1", "9" * 40, "²"):
        assert alices_browser.get(url("license"), {"before": odd}).status_code == 400


def note_event():
    reveal_key(license=License.objects.get(), actor=SYSTEM, now=clock.now())


def test_what_a_former_owner_did_is_not_told(alices_browser, alice, charlie, key):
    transfer(
        license=License.objects.get(), to=charlie, actor=COMMAND_LINE, now=clock.now()
    )
    transfer(
        license=License.objects.get(), to=alice, actor=COMMAND_LINE, now=clock.now()
    )

    lines = alices_browser.get(url("license")).context["lines"]

    owners = {line.event.owner_id for line in lines}
    assert owners == {alice.pk}


# --- The banner -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("days", "words"),
    [(-1, "is in its grace days"), (-100, "has expired"), (1, None)],
)
def test_every_page_tells_of_a_license_that_ended(alices_browser, alice, days, words):
    bot = BotInstanceFactory.create(owner=alice)
    License.objects.update(expires_at=clock.now() + timedelta(days=days))

    pages = [reverse(name) for name in ("overview", "bots", "trades", "settings")]
    for address in (*pages, LICENSES, reverse("bot", args=[bot.pk])):
        text = alices_browser.get(address).content.decode()
        assert ("banner" in text) == (words is not None)
        assert words is None or words in text


def test_a_suspended_license_is_told_of_before_one_in_grace(alices_browser, alice):
    ended = LicenseFactory(user=alice, expires_at=clock.now() - timedelta(days=1))
    held = LicenseHoldFactory.create(license=LicenseFactory(user=alice)).license
    for license in (ended, held):
        BotInstanceFactory(license=license)

    text = alices_browser.get(reverse("bots")).content.decode()

    assert f"…{held.key_tail} is suspended" in text


def test_a_lapsed_license_that_another_replaced_is_no_news(alices_browser, alice):
    LicenseFactory(user=alice, expires_at=clock.now() - timedelta(days=100))
    LicenseFactory(user=alice)

    assert "banner" not in alices_browser.get(reverse("bots")).content.decode()


def test_who_has_no_other_license_is_told_though_nothing_runs(alices_browser, alice):
    LicenseFactory(user=alice, expires_at=clock.now() - timedelta(days=100))

    assert "has expired" in alices_browser.get(reverse("bots")).content.decode()


def test_an_unverified_address_is_told_of(alices_browser, alice):
    alice.email_verified = False
    alice.save()

    assert "is not verified" in alices_browser.get(reverse("bots")).content.decode()
