"""A history of three years, with logs, metrics, notifications and statistics."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

from accounts.models import User
from analytics.services import rollups
from bots.models import BotInstance
from smarttrader.history.people import owner_of
from smarttrader.history.plan import Plan
from smarttrader.history.writing import write_history
from smarttrader.jobs.partitions import (
    BOT_LOGS,
    PARTITIONED_TABLES,
    create_partitions_for,
    ensure_partitions_ahead,
)
from smarttrader.lib.keyset import Place
from trading.models import Trade, TradeStatus, TradeTicket

NOW = datetime(2026, 7, 15, 12, tzinfo=UTC)
# Thirty-seven months; ten of the hundred bots belong to the owner who is looked at.
PLAN = Plan(bots=100, trades=8000, ticks=3000, years=3, until=NOW.replace(hour=0))
LOGS = """
INSERT INTO bot_logs (id, bot_instance_id, log_level, category, message, created_at)
SELECT gen_random_uuid(), b.id, (ARRAY['INFO', 'ERROR'])[1 + n %% 2], 'TRADE', 'Line',
    %(now)s - n * interval '12 hours'
FROM bot_instances b, generate_series(0, 199) n
"""
EQUITY = """
INSERT INTO equity_hours
    (bot_instance_id, hour_start, open, high, low, close, balance, told_at)
SELECT b.id, hour, 1000, 1000 + n, 1000 - n, 1000, 1000, hour
FROM bot_instances b, generate_series(0, 479) n,
    LATERAL (SELECT %(now)s - n * interval '1 hour') AS at (hour)
"""
NOTIFICATIONS = """
INSERT INTO notifications (id, user_id, type, title, message, created_at)
SELECT gen_random_uuid(), u.id, 'ALERT', 'A title', 'A message',
    %(now)s - n * interval '45 minutes'
FROM users u, generate_series(0, 999) n ORDER BY n DESC
"""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the calls are made with: the largest bot, its owner, and what is theirs."""

    now: datetime
    owner: User
    bots: list[BotInstance]  # the largest one first
    tickets: list[str]  # of the largest bot, the first one first
    closed: list[Trade]  # of the largest bot, the last one first

    @property
    def largest(self) -> BotInstance:
        return self.bots[0]

    @property
    def bot_ids(self) -> list[uuid.UUID]:
        return [bot.pk for bot in self.bots]

    @property
    def middle(self) -> Place:
        """Return a place in the middle of the largest bot's list."""
        trade = self.closed[len(self.closed) // 2]
        return Place(trade.closed_at, trade.pk)


def prepare_ground() -> Ground:
    """Write the history into this transaction, which has no partitions but its own."""
    _forget_partitions()
    ensure_partitions_ahead(now=NOW)
    logged = [NOW - timedelta(days=days) for days in range(101)]
    create_partitions_for(BOT_LOGS, logged, now=logged[-1])
    write_history(plan=PLAN, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute(LOGS, {"now": NOW})
        cursor.execute(EQUITY, {"now": NOW})
        cursor.execute(NOTIFICATIONS, {"now": NOW})
    rollups.rebuild(now=NOW)
    with connection.cursor() as cursor:
        # Autovacuum cannot change them: it gives way to this transaction's locks.
        cursor.execute("ANALYZE")
    return _ground()


def _ground() -> Ground:
    owner = owner_of(PLAN)
    owned = {bot.pk: bot for bot in BotInstance.objects.filter(user=owner)}
    bots = [owned[bot.id] for bot in PLAN.planned_bots if bot.id in owned]
    tickets = TradeTicket.objects.filter(bot_instance=bots[0]).order_by("opened_at")
    closed = Trade.objects.filter(bot_instance=bots[0], status=TradeStatus.CLOSED)
    return Ground(
        now=NOW,
        owner=owner,
        bots=bots,
        tickets=list(tickets.values_list("ticket_number", flat=True)),
        closed=list(closed.order_by("-closed_at")),
    )


def _forget_partitions() -> None:
    """Drop what the present has made ahead, and what other tests have left."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhparent::regclass::text, inhrelid::regclass::text"
            " FROM pg_inherits WHERE inhparent = ANY (%s::regclass[])"
            " ORDER BY 1 DESC, 2",
            [[table.name for table in PARTITIONED_TABLES]],
        )
        for parent, partition in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {parent} DETACH PARTITION {partition}")
            cursor.execute(f"DROP TABLE {partition} CASCADE")
