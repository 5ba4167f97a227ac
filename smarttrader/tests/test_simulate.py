"""`manage.py simulate` against the real API, over HTTP."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, Min

from analytics.services import rollups
from bots.models import BotInstance, BotLog, BotState
from bots.tests.ea_client import license_key_of
from licensing.models import License
from licensing.tests.factories import LicenseHoldFactory
from smarttrader.lib import clock
from trading.models import Trade, TradeHistory

pytestmark = pytest.mark.django_db(transaction=True)
# Five days in six seconds: a week's trading days whichever day it is.
SHORT = {"minutes": 0.1, "speed": 72_000, "no_limits": True}


def simulate(live_server, **options):
    call_command("simulate", url=live_server.url, **{**SHORT, **options})


def metrics() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT m::text FROM performance_metrics m")
        return sorted(row for (row,) in cursor.fetchall())


def test_two_bots_trade_and_a_second_run_goes_on_with_them(alice, live_server, capsys):
    simulate(live_server, bots=2)
    first = capsys.readouterr().out
    rollups.roll_up(now=clock.now())
    rolled_up = metrics()
    rollups.rebuild(now=clock.now())
    recomputed = metrics()
    accounts = sorted(BotInstance.objects.values_list("mt4_account", flat=True))
    oldest = Trade.objects.aggregate(oldest=Min("created_at"))["oldest"]

    simulate(live_server, bots=2)

    assert " 0 server errors, 0 protocol errors" in first
    assert rolled_up == recomputed != []
    tickets = Trade.objects.values("bot_instance", "ticket_number")
    assert not tickets.annotate(n=Count("pk")).filter(n__gt=1).exists()
    assert tickets.count() > 500
    assert TradeHistory.objects.exists()
    states = [bot.state(clock.now()) for bot in BotInstance.objects.all()]
    assert states == [BotState.ONLINE] * 2
    assert License.objects.get().user == alice
    again = BotInstance.objects.values_list("mt4_account", flat=True)
    assert sorted(again) == accounts
    assert Trade.objects.aggregate(oldest=Min("created_at"))["oldest"] == oldest
    # What was sent again was the same: nobody had to be warned.
    assert not BotLog.objects.filter(message__contains="reported again").exists()
    # And nothing that the first run opened was left open for ever.
    long_ago = clock.now() - timedelta(days=6)
    assert not Trade.objects.filter(status="open", opened_at__lt=long_ago).exists()


def test_given_keys_are_used_and_a_full_license_is_an_error(alice, live_server, capsys):
    key = license_key_of(alice, max_accounts=1)

    with pytest.raises(CommandError, match="errors"):
        simulate(live_server, bots=2, license_key=[key], minutes=0.02)

    assert "ACTIVATION_LIMIT" in capsys.readouterr().err
    assert (License.objects.count(), BotInstance.objects.count()) == (1, 1)


def test_a_suspended_license_opens_nothing_and_is_no_error(alice, live_server, capsys):
    key = license_key_of(alice)
    simulate(live_server, bots=1, license_key=[key], minutes=0.02)
    before = Trade.objects.count()
    LicenseHoldFactory.create(license=License.objects.get())

    simulate(live_server, bots=1, license_key=[key], minutes=0.02)

    assert " 0 protocol errors" in capsys.readouterr().out
    assert Trade.objects.count() == before
    assert not Trade.objects.filter(status="open", closed_at__isnull=False).exists()


def test_the_demo_needs_a_seed(live_server):
    with pytest.raises(CommandError, match="run `seed` first"):
        simulate(live_server, demo=True)
