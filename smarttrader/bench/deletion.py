"""Deleting a user with all that is theirs, against the same by hand in SQL."""

import resource
from typing import Any

from django.db import connection, transaction

from accounts.models import User
from accounts.services.users import delete_user
from analytics.services import rollups
from smarttrader.bench.databases import raw_connection, use_database
from smarttrader.bench.ground import MANY, Ground
from smarttrader.bench.measuring import interleaved
from smarttrader.bench.report import Row, at_most, ratio
from smarttrader.history.people import owner_of
from smarttrader.history.plan import Plan
from smarttrader.history.writing import write_history
from smarttrader.lib import clock

MOST_REPETITIONS = 3
KILOBYTE = 1024
FLAT_MEGABYTES = 20
MARK_HOURS = (
    "INSERT INTO rollup_dirty (bot_instance_id, hour_start)"
    " SELECT DISTINCT bot_instance_id, date_trunc('hour', closed_at, 'UTC')"
    " FROM trades WHERE bot_instance_id = %s AND status = 'closed'"
)
DELETE_TICKS = (
    "DELETE FROM trade_history h USING trades t, bot_instances b"
    " WHERE b.user_id = %(user)s AND t.bot_instance_id = b.id"
    " AND h.trade_id = t.id AND h.trade_opened_at = t.opened_at"
)
# Children first, as somebody writes it who knows the tables.
BY_HAND = (
    DELETE_TICKS,
    *(
        f"DELETE FROM {table} WHERE bot_instance_id IN"  # noqa: S608
        " (SELECT id FROM bot_instances WHERE user_id = %(user)s)"
        for table in (
            *("trades", "trade_tickets", "performance_metrics", "rollup_dirty"),
            *("daily_breakdowns", "equity_hours", "curve_versions", "verified_trades"),
            *("bot_logs", "bot_settings"),
        )
    ),
    "DELETE FROM bot_instances WHERE user_id = %(user)s",
    "DELETE FROM licenses WHERE user_id = %(user)s",
    "DELETE FROM account_emailaddress WHERE user_id = %(user)s",
    "DELETE FROM users WHERE id = %(user)s",
)


class Undone(Exception):
    """Rolls a measured deletion back, so that it can be measured again."""


def measure(ground: Ground) -> list[Row]:
    use_database(MANY)
    user = _user(ground)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with raw_connection(MANY) as raw:
        took = interleaved(
            {
                "ours": lambda: _deleted(user),
                "by hand": lambda: _deleted_by_hand(raw, user),
            },
            min(ground.sizes.repetitions, MOST_REPETITIONS),
        )
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    name = (
        f"deletion of a user with {ground.sizes.deleted_trades:,} trades and"
        f" {ground.sizes.deleted_ticks:,} ticks"
    )
    return [
        ratio(
            *(name, took["ours"], "the same by hand in SQL", took["by hand"]),
            target=at_most(1.3),
            is_speed=False,
        ),
        Row(
            name="memory that Python took for it",
            took="",
            value=grown / KILOBYTE,
            unit=" MB",
            target=at_most(FLAT_MEGABYTES, " MB"),
        ),
    ]


def _user(ground: Ground) -> User:
    plan = Plan(
        bots=1,
        trades=ground.sizes.deleted_trades,
        ticks=ground.sizes.deleted_ticks,
        until=ground.many.until,
        years=1,
    )
    write_history(plan=plan, now=ground.now)
    bot_id = plan.planned_bots[0].id
    with connection.cursor() as cursor:
        cursor.execute(MARK_HOURS, [bot_id])
    rollups.roll_up(now=ground.now, only_bots=[bot_id])
    return owner_of(plan)


def _deleted(user: User) -> None:
    try:
        with transaction.atomic():
            delete_user(user=user, now=clock.now())
            raise Undone  # noqa: TRY301 -- it is what undoes
    except Undone:
        pass


def _deleted_by_hand(raw: Any, user: User) -> None:
    try:
        with raw.transaction():
            for statement in BY_HAND:
                raw.execute(statement, {"user": user.pk})
            raise Undone  # noqa: TRY301
    except Undone:
        pass
