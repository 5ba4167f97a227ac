"""The page of what a user is told, of their chat, and of their endpoints."""

import re
from datetime import UTC, datetime, time
from ipaddress import ip_network

import pytest
from django.urls import reverse

from notifications.catalog import is_default
from notifications.models import (
    Channel,
    Delivery,
    Event,
    Preference,
    TelegramChat,
    TelegramCode,
    WebhookEndpoint,
)
from notifications.queries.preferences import choices_of
from notifications.secrets import new_secret, seal_secret
from notifications.services import endpoints
from notifications.tests.factories import TelegramChatFactory, WebhookEndpointFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PAGE = "/settings/notifications/"
ASKED = " ".join(Event)
NO_QUIET = {"quiet_from": "", "quiet_until": ""}
DEFAULTS = [
    f"{event}:{channel}"
    for event in Event
    for channel in Channel
    if is_default(event, channel)
]


@pytest.fixture(autouse=True)
def alice_is_signed_in(client, alice):
    client.force_login(alice)


@pytest.fixture(autouse=True)
def telegram_is_there(settings):
    settings.TELEGRAM_BOT_TOKEN, settings.TELEGRAM_BOT_NAME = "1:x", "our_bot"


@pytest.fixture
def no_telegram(settings):
    settings.TELEGRAM_BOT_TOKEN = ""


@pytest.fixture
def endpoint(alice):
    return WebhookEndpointFactory.create(user=alice, secret=seal_secret(new_secret()))


@pytest.fixture
def foreign(charlie):
    return WebhookEndpointFactory.create(user=charlie)


def choose(client, *wanted, **quiet):
    """Send the form as a browser does that shows these boxes checked."""
    return client.post(PAGE, {"wanted": wanted, **NO_QUIET, "asked": ASKED, **quiet})


def checked(page):
    text = page.content.decode()
    parts = text.split('name="wanted" value="')[1:]
    return [part.split('"')[0] for part in parts if "checked" in part.split(">")[0]]


def test_the_page_shows_the_defaults_and_links_from_the_settings(client):
    page = client.get(PAGE)

    assert page.status_code == 200
    assert sorted(checked(page)) == sorted(DEFAULTS)
    assert page.content.count(b'name="wanted"') == len(Event) * len(Channel)
    settings = client.get(reverse("settings")).content.decode()
    assert f'href="{PAGE}"' in settings
    assert settings.count('aria-current="page"') == 2  # in both navigations


def test_what_is_chosen_is_kept_and_shown(client, alice, charlie):
    wanted = [*DEFAULTS, "trade_closed:telegram"]
    wanted.remove("bot_offline:email")

    saved = choose(client, *wanted, quiet_from="22:30", quiet_until="06:00")

    assert saved["Location"] == PAGE
    assert sorted(checked(client.get(PAGE))) == sorted(wanted)
    rows = Preference.objects.order_by("event")
    assert list(rows.values_list("user", "event", "channel", "is_wanted")) == [
        (alice.pk, "bot_offline", "email", False),
        (alice.pk, "trade_closed", "telegram", True),
    ]
    alice.refresh_from_db()
    assert (alice.quiet_from, alice.quiet_until) == (time(22, 30), time(6))
    assert alice.follows_trades
    assert b'value="22:30"' in client.get(PAGE).content


def test_going_back_to_the_defaults_leaves_no_row(client, alice):
    choose(client, "trade_closed:inbox")
    choose(client, *DEFAULTS)

    assert not Preference.objects.exists()
    alice.refresh_from_db()
    assert (alice.quiet_from, alice.follows_trades) == (None, False)


def test_nothing_at_all_may_be_wanted(client, alice):
    saved = choose(client)

    assert saved["Location"] == PAGE
    assert checked(client.get(PAGE)) == []
    assert not any(choices_of(alice).values())


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"csrfmiddlewaretoken": "x"},
        {"wanted": DEFAULTS[:5]},
        {"wanted": DEFAULTS, **NO_QUIET},
        {"wanted": DEFAULTS, **NO_QUIET, "asked": ASKED[:-1]},
        {"wanted": DEFAULTS, **NO_QUIET, "asked": f"{ASKED} of_a_newer_page"},
    ],
)
def test_a_form_that_was_cut_off_is_refused_and_loses_nothing(client, alice, sent):
    wanted = sorted([*DEFAULTS, "trade_closed:telegram"])
    choose(client, *wanted, quiet_from="22:30", quiet_until="06:00")

    refused = client.post(PAGE, sent)

    assert refused.status_code == 400
    assert b"Nothing was saved: not all of the form arrived." in refused.content
    # What is shown is what was saved: to save it again loses nothing either.
    for page in (refused, client.get(PAGE)):
        assert sorted(checked(page)) == wanted
        assert b'value="22:30"' in page.content
        assert f'name="asked" value="{ASKED}"' in page.content.decode()
    alice.refresh_from_db()
    assert (alice.quiet_from, alice.follows_trades) == (time(22, 30), True)


@pytest.mark.parametrize(
    "sent",
    [
        {"wanted": ["nonsense:email"]},
        {"wanted": ["bot_offline:pigeon"]},
        {"quiet_from": "22:00"},
        {"quiet_until": "22:00"},
        {"quiet_from": "22:00", "quiet_until": "22:00"},
        {"quiet_from": "25:00", "quiet_until": "07:00"},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(client, alice, sent):
    before = choices_of(alice)

    refused = client.post(PAGE, {"asked": ASKED, **sent})

    assert refused.status_code == 400
    assert choices_of(alice) == before
    assert b"Nothing was saved yet" in refused.content


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_takes_the_same_statements_whatever_there_is(
    client, alice, count_statements, number
):
    WebhookEndpointFactory.create_batch(number, user=alice)
    for event in list(Event)[:number]:
        Preference.objects.create(
            user=alice, event=event, channel=Channel.EMAIL, is_wanted=False
        )

    with count_statements() as asked:
        client.get(PAGE)

    assert len(asked) == 7


def test_a_chat_is_linked_by_a_code_and_let_go(client, alice):
    page = client.post(f"{PAGE}telegram/link/").content.decode()

    assert TelegramCode.objects.get().user == alice
    assert 'href="https://t.me/our_bot?start=' in page
    TelegramChatFactory.create(user=alice, name="Al")
    assert b"Unlink" in client.get(PAGE).content
    client.post(f"{PAGE}telegram/unlink/")
    assert not TelegramChat.objects.exists()


@pytest.mark.usefixtures("no_telegram")
def test_without_a_bot_there_is_nothing_to_link(client):
    assert client.post(f"{PAGE}telegram/link/").status_code == 404
    assert b"no Telegram bot yet" in client.get(PAGE).content


def test_without_a_bot_telegram_is_not_offered_and_what_was_chosen_stays(
    client, alice, settings
):
    choose(client, *DEFAULTS, "trade_closed:telegram")
    settings.TELEGRAM_BOT_TOKEN = ""

    page = client.get(PAGE).content.decode()

    boxes = page.count('<input type="checkbox" name="wanted"')
    assert boxes == len(Event) * (len(Channel) - 1)
    assert ':telegram" checked' not in page
    kept = re.findall(r'<input type="hidden" name="wanted" value="([^"]+)"', page)
    defaults = [each for each in DEFAULTS if each.endswith(":telegram")]
    assert sorted(kept) == sorted([*defaults, "trade_closed:telegram"])
    choose(client, *checked(client.get(PAGE)), *kept)
    assert choices_of(alice)[Event.TRADE_CLOSED, Channel.TELEGRAM]


def test_a_way_that_leads_nowhere_yet_says_so_above_its_column(client, alice):
    page = client.get(PAGE).content.decode()
    assert page.count('href="#telegram"') == page.count('href="#webhook"') == 1

    TelegramChatFactory.create(user=alice)
    WebhookEndpointFactory.create(user=alice, secret=seal_secret(new_secret()))

    page = client.get(PAGE).content.decode()
    assert page.count('href="#telegram"') == page.count('href="#webhook"') == 0


def test_an_endpoint_is_added_tried_paused_and_removed(client, alice):
    added = client.post(f"{PAGE}webhooks/", {"url": "https://hooks.example.com/x"})
    endpoint = WebhookEndpoint.objects.get()
    own = f"{PAGE}webhooks/{endpoint.pk}/"
    assert (added["Location"], endpoint.user) == (own, alice)

    client.post(f"{own}test/")
    assert b"Waiting" in client.get(own).content
    client.post(f"{own}switch/")
    assert b"Switch on" in client.get(own).content
    client.post(f"{own}switch/", {"on": "1"})
    assert b"Pause" in client.get(own).content

    assert b"Remove the webhook" in client.get(f"{own}remove/").content
    client.post(f"{own}remove/")
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    "url", ["http://a.io/", "https://127.0.0.1/", "https://u@a.io/", "x", ""]
)
def test_an_address_that_is_not_called_is_refused(client, url):
    refused = client.post(f"{PAGE}webhooks/", {"url": url})

    assert refused.status_code == 400
    assert b'aria-invalid="true"' in refused.content
    assert not WebhookEndpoint.objects.exists()


def test_a_delivery_is_told_again_by_a_button(client, alice, endpoint):
    endpoints.send_test(endpoint=endpoint, now=NOW)
    delivery = Delivery.objects.get()
    Delivery.objects.update(state="dead", finished_at=NOW, error="HTTP 500")
    own = f"{PAGE}webhooks/{endpoint.pk}/"
    again = f"{own}deliveries/{delivery.pk}/"

    assert again in (page := client.get(own).content.decode())
    assert "HTTP 500" in page
    client.post(again)

    delivery.refresh_from_db()
    assert delivery.state == "waiting"


@pytest.mark.parametrize("number", [1, 3])
def test_an_endpoints_page_takes_the_same_statements(
    client, endpoint, count_statements, number
):
    for minute in range(number):
        endpoints.send_test(endpoint=endpoint, now=NOW.replace(minute=minute))

    with count_statements() as asked:
        client.get(f"{PAGE}webhooks/{endpoint.pk}/")

    assert len(asked) == 6


def test_a_secret_is_shown_to_who_proved_lately_who_they_are(client, endpoint):
    secret = f"{PAGE}webhooks/{endpoint.pk}/secret/"

    response = client.get(secret)

    assert response["Location"].startswith("/accounts/reauthenticate/")


@pytest.mark.parametrize(
    "end", ["", "secret/", "test/", "switch/", "remove/", "deliveries/{}/"]
)
def test_a_foreign_endpoint_is_not_there(client, foreign, endpoint, end):
    endpoints.send_test(endpoint=foreign, now=NOW)
    address = f"{PAGE}webhooks/{foreign.pk}/{end.format(Delivery.objects.get().pk)}"

    answers = {client.get(address).status_code, client.post(address).status_code}

    assert answers <= {404, 405}
    assert WebhookEndpoint.objects.filter(pk=foreign.pk).exists()


def test_a_foreign_delivery_is_not_told_by_way_of_an_own_endpoint(
    client, foreign, endpoint
):
    endpoints.send_test(endpoint=foreign, now=NOW)
    delivery = Delivery.objects.get()

    address = f"{PAGE}webhooks/{endpoint.pk}/deliveries/{delivery.pk}/"

    assert client.post(address).status_code == 404


def test_a_stranger_is_led_to_the_sign_in(client):
    client.logout()

    assert client.get(PAGE)["Location"].startswith(reverse("account_login"))


def test_local_servers_may_be_added_where_a_setting_says_so(client, settings):
    settings.WEBHOOK_PRIVATE_NETWORKS = [ip_network("127.0.0.0/8")]

    client.post(f"{PAGE}webhooks/", {"url": "http://127.0.0.1:9999/hook"})

    assert WebhookEndpoint.objects.get().url == "http://127.0.0.1:9999/hook"
