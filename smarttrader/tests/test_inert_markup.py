"""What EAs, brokers and people write is text: on no page, in no mail is it markup."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import User
from analytics.models import PublicTrackRecord, StatementCheck
from analytics.services import rollups
from bots.models import BotInstance, BotLog, BotSettings
from licensing.models import License
from notifications.models import Notification
from smarttrader.lib import clock
from smarttrader.tests.access import World
from smarttrader.tests.site_pages import pages_of
from trading.models import StatementImport, Trade
from trading.tests.factories import ClosedTradeFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_limits")]

MARKUP, ESCAPED = "<img src=x>", "&lt;img src=x&gt;"
# Pages that show nothing of a person's but the name in their frame.
SHOWS_MARKUP = (
    *("", "bots/", "bots/<uuid:pk>/", "bots/<uuid:pk>/settings/"),
    *("bots/<uuid:pk>/track-record/", "connect/", "licenses/", "performance/"),
    *("statements/", "statements/<uuid:pk>/", "t/<str:slug>/", "trades/"),
    *("trades/<uuid:pk>/", "settings/", "notifications/"),
)


@pytest.fixture
def world():
    """Everybody's rows, with markup wherever somebody else than us writes a text."""
    world = World()
    alice, now = world.people["alice"], clock.now()
    bot = world.theirs["alice"].bot
    User.objects.update(first_name=MARKUP, last_name=MARKUP)
    BotInstance.objects.filter(pk=bot.pk).update(
        instance_name=MARKUP,
        broker_name=MARKUP,
        broker_server=MARKUP,
        mt4_account=MARKUP,
        heartbeat_message=MARKUP,
        account_currency="<b>",
        ea_version=MARKUP,
        last_heartbeat=now,
    )
    BotSettings.objects.filter(bot_instance=bot).update(
        trading_pairs=[MARKUP],
        trading_sessions=[
            {"name": MARKUP, "days": "1", "start": MARKUP, "end": "16:30"}
        ],
        strategies_enabled=[{"name": MARKUP, "enabled": True}],
    )
    BotLog.objects.update(message=MARKUP, metadata={MARKUP: MARKUP})
    ClosedTradeFactory(
        bot_instance=bot, ticket_number=MARKUP, opened_at=now - timedelta(hours=2)
    )
    Trade.objects.update(symbol=MARKUP, comment=MARKUP, strategy_used=MARKUP)
    StatementImport.objects.update(file_name=MARKUP)
    StatementCheck.objects.update(
        figures=[{"name": MARKUP, "printed": MARKUP, "ours": MARKUP, "equal": False}]
    )
    PublicTrackRecord.objects.update(title=MARKUP)
    Notification.objects.filter(user=alice).update(title=MARKUP, message=MARKUP)
    License.objects.filter(user=alice).update(hardware_id=MARKUP)
    rollups.roll_up(now=now + timedelta(hours=1))
    return world


def told(client, paths):
    return {url: client.get(path).content.decode() for url, path in paths.items()}


def test_markup_is_shown_as_text_on_every_page(world):
    pages = told(world.clients["alice"], pages_of(world, "alice"))

    assert [url for url, text in pages.items() if MARKUP in text] == []
    assert [url for url in SHOWS_MARKUP if ESCAPED not in pages[url]] == []


def test_markup_is_shown_as_text_in_the_back_office(world):
    rows = {model._meta.label_lower: row for model, row in world.rows.items()}
    paths = {}
    for model in admin.site._registry:  # noqa: SLF001
        meta = model._meta
        name = f"admin:{meta.app_label}_{meta.model_name}"
        paths[f"{meta.label} list"] = reverse(f"{name}_changelist")
        if meta.label_lower in rows:
            row = rows[meta.label_lower]
            paths[f"{meta.label} row"] = reverse(f"{name}_change", args=[row.pk])
            paths[f"{meta.label} history"] = reverse(f"{name}_history", args=[row.pk])

    pages = told(world.clients["superuser"], paths)

    assert [url for url, text in pages.items() if MARKUP in text] == []
    named = ("bots.BotInstance list", "bots.BotInstance row", "bots.BotLog row")
    assert [url for url in named if ESCAPED not in pages[url]] == []
