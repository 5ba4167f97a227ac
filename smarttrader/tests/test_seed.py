from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from accounts.services.users import create_user, delete_user
from analytics.models import PublicTrackRecord
from analytics.services import rollups
from billing.models import CreditNote, Invoice, Subscription
from bots.models import BotInstance, BotLog, BotSettings
from licensing.models import Allotment, License
from notifications.models import Notification
from smarttrader.demo import cast, seeding
from smarttrader.demo.history import history_of
from smarttrader.lib import clock
from trading.models import Trade, TradeHistory

pytestmark = pytest.mark.django_db


def contents() -> dict[str, Any]:
    """Return every row of every table, as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = {}
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found[table] = sorted(cursor.fetchall())
    return found


@pytest.fixture
def laptop(settings):
    settings.DEBUG = True


def test_seed_is_refused_when_debug_is_off(settings):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="NOT_A_LAPTOP") as refusal:
        call_command("seed")

    assert refusal.value.returncode == 2
    assert not User.objects.exists()


def test_seed_makes_the_demo_and_a_second_run_changes_nothing(laptop, capsys):
    call_command("seed")
    first = contents()

    call_command("seed")

    assert contents() == first
    assert capsys.readouterr().out.splitlines() == [
        "4 of 4 demo users created",
        "0 of 4 demo users created",
    ]
    alice, bob = (User.objects.get(email=email) for email in (cast.ALICE, cast.BOB))
    assert alice.reseller == bob
    assert alice.check_password("smart-trader-demo")
    assert License.objects.filter(user=alice).count() == 2
    assert License.objects.filter(user__email=cast.CHARLIE).count() == 1
    bots = BotInstance.objects.filter(user=alice)
    currencies = sorted(bots.values_list("account_currency", flat=True))
    assert currencies == ["EUR", "JPY", "USD", "USD"]
    assert BotSettings.objects.count() == 4
    assert 2200 < Trade.objects.filter(status="closed").count() < 2800
    assert TradeHistory.objects.filter(trade__status="open").exists()
    assert set(BotLog.objects.values_list("bot_instance", flat=True)) == {
        bot.pk for bot in bots
    }
    # Six of its own, and the one renewal of the last thirty days.
    assert Notification.objects.filter(user=alice).count() == 6 + 1
    assert PublicTrackRecord.objects.get().is_public
    of_alice = Subscription.objects.filter(user=alice, status="active")
    ends = of_alice.order_by("id").values_list("license__expires_at", flat=True)
    assert list(ends) == [None, of_alice.latest("id").current_period_end]
    assert (Invoice.objects.count(), CreditNote.objects.count()) == (5, 1)
    granted = Allotment.objects.filter(reseller=bob)
    assert sorted(granted.values_list("total", flat=True)) == [5, 10, 25]


def test_the_figures_of_a_seed_are_a_recomputation(laptop):
    call_command("seed")
    first = contents()["performance_metrics"]

    rollups.rebuild(now=clock.now())

    assert first
    assert contents()["performance_metrics"] == first


def test_the_figures_depend_on_the_day_alone():
    day = datetime(2026, 3, 5, tzinfo=UTC)
    account = cast.BOTS[3].account

    one, other = history_of(account, day), history_of(account, day)
    next_day = history_of(account, day + timedelta(days=1))

    assert one.tickets == other.tickets
    kept = {ticket.number: ticket for ticket in next_day.tickets}
    assert all(
        kept[ticket.number] == ticket
        for ticket in one.tickets
        if ticket.opened_at >= day - timedelta(days=364)
    )


def test_a_bot_has_open_trades_whichever_the_day():
    account = cast.BOTS[3].account
    counts = [
        len(history_of(account, datetime(2026, month, 3, tzinfo=UTC)).open_tickets)
        for month in range(1, 13)
    ]

    assert min(counts) > 0


def test_older_demo_users_get_what_they_lack(laptop):
    create_user(email=cast.ALICE, password="keeps-this-one")

    seeding.seed(now=clock.now())

    alice = User.objects.get(email=cast.ALICE)
    assert alice.check_password("keeps-this-one")
    assert BotInstance.objects.filter(user=alice).count() == 4


def test_customers_stay_when_their_reseller_goes(alice, bob):
    User.objects.filter(pk=alice.pk).update(reseller=bob)

    delete_user(user=bob, now=clock.now())

    alice.refresh_from_db()
    assert alice.reseller is None
