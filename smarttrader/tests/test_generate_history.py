from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from analytics.models import MetricType, PerformanceMetric, RollupDirty
from analytics.services import rollups
from bots.models import BotInstance, BotSettings
from smarttrader.history.people import begun_plan, owner_of
from smarttrader.history.plan import Plan
from smarttrader.history.writing import Written, write_history
from trading.models import Trade, TradeHistory, TradeTicket, trade_id

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
PLAN = Plan(bots=12, trades=900, ticks=300, years=2, until=TODAY)


def fingerprint(table):
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY id)) FROM {table} t"
        )
        return cursor.fetchone()


def test_a_plan_deals_out_all_trades_and_a_tenth_to_the_first_bot():
    dealt = [bot.trades for bot in PLAN.planned_bots]
    by_month = [PLAN.trades_of(month) for month in PLAN.months]

    assert sum(dealt) == sum(by_month) == 900
    assert dealt[0] == 90
    assert dealt[1:] == sorted(dealt[1:], reverse=True)


def test_a_history_is_whole_and_keeps_what_triggers_would_see_to():
    write_history(plan=PLAN, now=NOW)

    trades = Trade.objects.count()
    assert trades == TradeTicket.objects.count() == 900
    assert TradeHistory.objects.count() == 300
    assert BotInstance.objects.count() == BotSettings.objects.count() == 12
    assert RollupDirty.objects.count() == 0
    for trade in Trade.objects.all():
        assert trade.pk == trade_id(
            trade.bot_instance_id, trade.ticket_number, trade.opened_at
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM trades t JOIN trade_tickets k"
            " ON (k.trade_id, k.opened_at, k.bot_instance_id, k.ticket_number)"
            " = (t.id, t.opened_at, t.bot_instance_id, t.ticket_number)"
        )
        assert cursor.fetchone() == (900,)
        cursor.execute(
            "SELECT count(*) FROM trade_history h JOIN trades t"
            " ON (t.id, t.opened_at) = (h.trade_id, h.trade_opened_at)"
            " AND h.recorded_at BETWEEN t.opened_at AND coalesce(t.closed_at, %s)",
            [TODAY],
        )
        assert cursor.fetchone() == (300,)


def test_a_history_has_owners_currencies_servers_winners_and_losers():
    write_history(plan=PLAN, now=NOW)

    statuses = set(Trade.objects.values_list("status", flat=True))
    assert statuses == {"cancelled", "closed", "open"}
    won, lost = Trade.objects.filter(profit__gt=0), Trade.objects.filter(profit__lt=0)
    assert (won.exists(), lost.exists()) == (True, True)
    currencies = BotInstance.objects.values_list("account_currency", flat=True)
    assert set(currencies) == {"EUR", "JPY", "USD"}
    assert owner_of(PLAN).bot_instances.count() == 12


def test_a_history_is_the_same_from_the_same_seed_and_a_second_run_changes_nothing():
    write_history(plan=PLAN, now=NOW)
    first = [fingerprint(table) for table in ("trades", "trade_history")]

    written = write_history(plan=PLAN, now=NOW)

    assert written == Written(TODAY, 0, 0)
    assert [fingerprint(table) for table in ("trades", "trade_history")] == first


def test_a_history_that_was_stopped_goes_on_with_the_month_it_was_at():
    write_history(plan=PLAN, now=NOW)
    whole = [fingerprint(table) for table in ("trades", "trade_history")]
    Trade.objects.filter(opened_at__gte=PLAN.months[-3].start).delete()

    written = write_history(plan=PLAN, now=NOW)

    assert [fingerprint(table) for table in ("trades", "trade_history")] == whole
    lost = sum(PLAN.trades_of(month) for month in PLAN.months[-3:])
    assert written.trades == lost


def test_a_history_begun_on_another_day_keeps_its_day():
    yesterday = Plan(bots=3, trades=30, until=TODAY - timedelta(days=1))
    write_history(plan=yesterday, now=NOW)

    assert begun_plan(Plan(bots=3, trades=30, until=TODAY)) == yesterday


def test_the_command_tells_its_rate_and_refuses_a_history_of_other_parameters(capsys):
    call_command("generate_history", bots=3, trades=60)

    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "60 trades and 0 ticks written",
        "Next: manage.py rollup --all",
    ]
    assert captured.err.splitlines()[-1].endswith(" rows/s")
    with pytest.raises(CommandError, match="OTHER_HISTORY") as refusal:
        call_command("generate_history", bots=3, trades=61)
    assert refusal.value.returncode == 2
    assert User.objects.count() == 1


def test_a_history_rolls_up():
    write_history(plan=PLAN, now=NOW)

    rollups.rebuild(now=NOW)

    months = PerformanceMetric.objects.filter(metric_type=MetricType.MONTHLY)
    rolled_up = sum(months.values_list("total_trades", flat=True))
    assert rolled_up == Trade.objects.filter(status="closed").count()
