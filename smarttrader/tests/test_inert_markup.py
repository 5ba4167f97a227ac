"""What EAs and brokers write is text: on no page, in no mail is it markup."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import User
from bots.models import BotInstance
from bots.tests.factories import BotInstanceFactory, BotLogFactory, BotSettingsFactory
from notifications.tests.factories import NotificationFactory
from smarttrader.lib import clock
from trading.tests.factories import ClosedTradeFactory

pytestmark = pytest.mark.django_db

MARKUP = "<img src=x>"


@pytest.fixture
def bot(client):
    """A bot of a member of the staff, who may see every page of the site."""
    staff = User.objects.create_superuser("staff@example.com")
    now = clock.now()
    bot = BotInstanceFactory.create(owner=staff, last_heartbeat=now)
    BotInstance.objects.update(
        instance_name=MARKUP,
        broker_name=MARKUP,
        broker_server=MARKUP,
        mt4_account=MARKUP,
        heartbeat_message=MARKUP,
        account_currency="<b>",
        ea_version=MARKUP,
    )
    BotSettingsFactory(
        bot_instance=bot,
        trading_pairs=[MARKUP],
        trading_sessions=[
            {"name": MARKUP, "days": "1", "start": MARKUP, "end": "16:30"}
        ],
        strategies_enabled=[{"name": MARKUP, "enabled": True}],
    )
    BotLogFactory(bot_instance=bot, message=MARKUP, created_at=now)
    ClosedTradeFactory(
        bot_instance=bot,
        symbol=MARKUP,
        ticket_number=MARKUP,
        opened_at=now - timedelta(hours=2),
    )
    NotificationFactory.create(user=staff, title=MARKUP, message=MARKUP)
    client.force_login(staff)
    return bot


def pages(bot):
    lists = [model._meta for model in admin.site._registry]  # noqa: SLF001
    return [
        *(reverse(name) for name in ("overview", "bots", "trades", "statements")),
        *(reverse(name) for name in ("licenses", "connect", "settings")),
        reverse("notification_settings"),
        reverse("notifications"),
        *(reverse(name, args=[bot.pk]) for name in ("bot", "bot_settings")),
        reverse("license", args=[bot.license_id]),
        reverse("license_release", args=[bot.license_id, bot.pk]),
        reverse("admin:bots_botinstance_change", args=[bot.pk]),
        *(
            reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
            for meta in lists
        ),
    ]


def test_markup_is_shown_as_text(client, bot):
    told = {path: client.get(path).content.decode() for path in pages(bot)}

    assert [path for path, text in told.items() if MARKUP in text] == []
    escaped = [path for path, text in told.items() if "&lt;img src=x&gt;" in text]
    shown = {reverse("bot", args=[bot.pk]), reverse("trades"), reverse("notifications")}
    assert shown < set(escaped)
