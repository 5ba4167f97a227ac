"""The back office's lists of large tables: first, later, filtered, searched."""

import html
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from statistics import quantiles
from time import perf_counter
from typing import Any
from urllib.parse import quote

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.test import Client as Browser

from accounts.models import User
from bots.models import BotInstance
from smarttrader.bench.client import Client
from smarttrader.bench.ground import MANY, Ground
from smarttrader.bench.reading import MILLISECONDS, SERVERS_COOKIE
from smarttrader.bench.report import Row, at_most, duration
from smarttrader.bench.server import web_server
from smarttrader.jobs.partitions import (
    BOT_LOGS,
    TRADE_HISTORY,
    create_partitions_for,
)
from trading.models import Trade

LOADS = 40
MOST_MS = 200
LATER_PAGE = 10
DAYS = 60
TICKS_OF_A_TRADE = 100  # as TICKS makes them
NEXT = re.compile(r'<a href="([^"]+)" rel="next">')
# Each over two months, but ticks, which lie where trades do.
LOGS = """
INSERT INTO bot_logs (id, bot_instance_id, log_level, category, message, created_at)
SELECT uuidv7(-n * %(seconds)s * interval '1 second'), b.id,
    (ARRAY['INFO', 'INFO', 'ERROR'])[1 + n %% 3], 'TRADE',
    'Line ' || n, %(now)s::timestamptz - n * %(seconds)s * interval '1 second'
FROM bot_instances b, generate_series(1, %(each)s) n
"""
TICKS = """
INSERT INTO trade_history
    (id, trade_id, trade_opened_at, recorded_at, current_price, unrealized_profit)
SELECT uuidv7(t.opened_at - now() + n * interval '1 second'), t.id, t.opened_at,
    t.opened_at + n * interval '1 second', t.open_price, n
FROM (
    SELECT id, opened_at, open_price FROM trades
    WHERE opened_at >= %(since)s AND closed_at IS NOT NULL
    ORDER BY opened_at DESC LIMIT %(trades)s
) t, generate_series(0, 99) n
"""
# Of both, three rows are of a kind that no other is.
LICENSE_EVENTS = """
INSERT INTO license_events (id, license_id, owner_id, sequence, at, type, actor_type,
    actor_id, request_id, reason, before, after, prev_hash, hash)
SELECT uuidv7(-n * %(seconds)s * interval '1 second'), b.license_id, b.user_id,
    1000 + b.place * %(each)s + n,
    %(now)s::timestamptz - n * %(seconds)s * interval '1 second',
    CASE WHEN b.id = %(largest)s AND n > %(each)s - 3 THEN 'transferred'
        ELSE (ARRAY['activated', 'deactivated', 'activation_rejected'])[1 + n %% 3] END,
    'ea', b.id, md5(n::text), '', '{}', '{}', '', ''
FROM (SELECT *, row_number() OVER () AS place FROM bot_instances) b,
    generate_series(1, %(each)s) n
"""
AUTH_EVENTS = """
INSERT INTO auth_events (id, at, type, user_id, email, actor_type, actor_id, user_agent,
    request_id, detail)
SELECT uuidv7(-n * %(seconds)s * interval '1 second'),
    %(now)s::timestamptz - n * %(seconds)s * interval '1 second',
    CASE WHEN b.id = %(largest)s AND n > %(each)s - 3 THEN 'role_changed'
        ELSE (ARRAY['signed_in', 'token_issued', 'sign_in_failed'])[1 + n %% 3] END,
    u.id, u.email, 'user', u.id, '', md5(n::text), '{}'
FROM bot_instances b JOIN users u ON u.id = b.user_id,
    generate_series(1, %(each)s) n
"""
INDEXES = """
SELECT i.indexrelid::regclass::text,
    replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
FROM pg_index i WHERE i.indrelid = %s::regclass AND NOT i.indisunique
"""
FOREIGN_KEYS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s::regclass AND contype = 'f' AND conparentid = 0
"""
FILLED = {
    "bot_logs": LOGS,
    "trade_history": TICKS,
    "license_events": LICENSE_EVENTS,
    "auth_events": AUTH_EVENTS,
}


@dataclass(frozen=True, slots=True)
class List:
    """A list of a large table: who is searched for, and what it is filtered by."""

    table: str
    path: str
    words: str
    filtered: str = ""
    is_listed_whole: bool = False  # without anybody named, too


def measure(ground: Ground) -> list[Row]:
    """Load each list as a member of the staff does, one page after the other."""
    largest = ground.bots()[0]
    _fill(ground, largest)
    cookie, lists = _signed_in_staff(), _lists(largest)
    with web_server(MANY) as (port, _), closing(Client(port, cookie=cookie)) as client:
        rows = [_row(client, "index", "/admin/")]
        for each in lists:
            rows += _rows_of_list(client, each, largest.user.email)
    return rows


def _lists(bot: BotInstance) -> list[List]:
    account = bot.mt4_account
    closed = Trade.objects.filter(bot_instance=bot, closed_at__isnull=False)
    newest = closed.order_by("-closed_at").values_list("ticket_number", flat=True)[0]
    hourly, rare = "metric_type__exact=hourly", "type__exact="
    return [
        List("trades", "trading/trade", account, "status__exact=closed"),
        List("trade_history", "trading/tradehistory", f"{account} {newest}"),
        List("bot_logs", "bots/botlog", account, "log_level__exact=ERROR"),
        List("performance_metrics", "analytics/performancemetric", account, hourly),
        List(
            *("license_events", "licensing/licenseevent", str(bot.license_id)),
            f"{rare}transferred",
            is_listed_whole=True,
        ),
        List(
            *("auth_events", "accounts/authevent", str(bot.user_id)),
            f"{rare}role_changed",
            is_listed_whole=True,
        ),
    ]


def _rows_of_list(client: Client, each: List, email: str) -> list[Row]:
    address = f"/admin/{each.path}/"
    named = f"{address}?q={quote(each.words)}"
    pages = {
        "nobody named": address,
        "somebody named": named,
        "later page": _later(client, address, named),
        "found by e-mail": f"{address}?q={quote(email)}",
    }
    if each.is_listed_whole:
        pages["later page of all"] = _later(client, address, address)
        pages["filtered to three rows"] = f"{address}?{each.filtered}"
    elif each.filtered:
        pages["filtered"] = f"{named}&{each.filtered}"
    whole = f"{each.path} of {_rows_in(each.table):,}"
    return [_row(client, f"{whole}, {name}", url) for name, url in pages.items()]


def _rows_in(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 -- our own
        (count,) = cursor.fetchone()
    return int(count)


def _later(client: Client, address: str, first: str) -> str:
    """Return the address of the tenth page, or of the last if there are fewer."""
    url = first
    for _ in range(LATER_PAGE - 1):
        found = NEXT.search(client.get(url).body.decode())
        if found is None:
            break
        url = address + html.unescape(found[1])
    return url


def _row(client: Client, name: str, url: str) -> Row:
    client.get(url)
    seconds = []
    for _ in range(LOADS):
        begun = perf_counter()
        client.get(url)
        seconds.append(perf_counter() - begun)
    slow = quantiles(seconds, n=20)[-1]
    return Row(
        name=f"back office, {name}: 95 of 100 within",
        took=f"{duration(slow)}, the fastest {duration(min(seconds))}",
        value=slow * MILLISECONDS,
        unit=" ms",
        target=at_most(MOST_MS, " ms"),
    )


def _fill(ground: Ground, largest: BotInstance) -> None:
    """Make the other tables as long as `sizes.lines` says."""
    bots, lines = BotInstance.objects.count(), ground.sizes.lines
    each = max(lines // bots, 3)
    days = [ground.now - timedelta(days=day) for day in range(DAYS + 1)]
    for table in (BOT_LOGS, TRADE_HISTORY):
        create_partitions_for(table, days, now=ground.now)
    values: dict[str, Any] = {
        "now": ground.now,
        "since": days[-1],
        "each": each,
        "seconds": DAYS * 86_400 / each,
        "trades": max(lines // TICKS_OF_A_TRADE, 1),
        "largest": largest.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for name, insert in FILLED.items():
            begun = perf_counter()
            with _bare(cursor, name):
                cursor.execute(insert, values)
                rows = cursor.rowcount
            ground.say(f"  {rows:,} {name} in {duration(perf_counter() - begun)}")
        cursor.execute("ANALYZE")


@contextmanager
def _bare(cursor: CursorWrapper, table: str) -> Iterator[None]:
    """Take indexes, foreign keys and triggers away, and restore them on the full table.

    Sorting all entries once takes less than finding a place for each, and one join
    less than looking each row's parent up. What is unique stays so. Triggers look for
    trades and people who are not there, of which the rows name none.
    """
    cursor.execute(INDEXES, [table])
    indexes = dict(cursor.fetchall())
    cursor.execute(FOREIGN_KEYS, [table])
    foreign_keys = dict(cursor.fetchall())
    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for name in foreign_keys:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for statement in indexes.values():
        cursor.execute(statement)
    for name, rule in foreign_keys.items():
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule}")
    cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _signed_in_staff() -> str:
    """Return the cookie of somebody of the staff with a second factor."""
    staff = User.objects.create_superuser("staff@bench.example")
    TOTP.activate(staff, generate_totp_secret())
    browser = Browser()
    browser.force_login(staff)
    return f"{SERVERS_COOKIE}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
