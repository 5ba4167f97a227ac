"""A part whose query the database gives up on says so; the others are drawn."""

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import connection
from django.urls import reverse

from analytics.services import rollups
from bots.tests.factories import BotInstanceFactory
from smarttrader.lib import clock
from trading.tests.factories import ClosedTradeFactory

pytestmark = pytest.mark.django_db(transaction=True)

FAILED = "This part could not be drawn"


@pytest.fixture
def bot(alice):
    bot = BotInstanceFactory.create(
        owner=alice,
        instance_name="Alpha",
        account_currency="USD",
        last_heartbeat=clock.now(),
        balance=Decimal(1000),
        equity=Decimal(1010),
    )
    now = clock.now()
    ClosedTradeFactory(bot_instance=bot, opened_at=now - timedelta(hours=5))
    rollups.roll_up(now=now)
    return bot


@pytest.fixture
def impatient(bot):
    """Let the database give up on a statement after a third of a second."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '333ms'")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET statement_timeout")


@pytest.fixture
def locked():
    """Return a function that keeps everybody from a table until the test ends."""
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    known = {name: parameters[name] for name in names if name in parameters}
    with psycopg.connect(**known) as other:
        yield lambda table: other.execute(f"LOCK TABLE {table}")
        other.rollback()


@pytest.mark.parametrize(
    ("name", "table", "failed", "others"),
    [
        # Both are of one curve.
        ("overview", "equity_hours", ("figures", "chart"), ("bots", "latest")),
        ("overview", "trades", ("latest",), ("figures", "chart", "bots")),
        ("bot", "bot_logs", ("log",), ("state", "commands", "figures", "chart")),
        ("performance", "daily_breakdowns", ("numbers",), ("chart", "calendar")),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_a_time_out_in_one_part_leaves_the_others(
    client, alice, bot, locked, name, table, failed, others
):
    client.force_login(alice)
    locked(table)

    answer = client.get(reverse(name, args=[bot.pk] if name == "bot" else []))

    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.count(FAILED) == len(failed)
    parts = answer.context["parts"]
    assert [each for each in failed if FAILED not in parts[each]] == []
    assert [each for each in others if FAILED in parts[each]] == []
