"""The back office's lists of large tables: first, later, filtered, searched."""

import html
import re
from dataclasses import dataclass
from datetime import timedelta
from statistics import quantiles
from time import perf_counter
from urllib.parse import quote

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.db import connection
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
# As many lines of logs and ticks as there are trades, over two months.
LOGS = """
INSERT INTO bot_logs (id, bot_instance_id, log_level, category, message, created_at)
SELECT gen_random_uuid(), b.id, (ARRAY['INFO', 'INFO', 'ERROR'])[1 + n %% 3], 'TRADE',
    'Line ' || n, %(now)s::timestamptz - n * %(seconds)s * interval '1 second'
FROM bot_instances b, generate_series(1, %(each)s) n
"""
TICKS = """
INSERT INTO trade_history
    (id, trade_id, trade_opened_at, recorded_at, current_price, unrealized_profit)
SELECT gen_random_uuid(), t.id, t.opened_at, t.opened_at + n * interval '1 second',
    t.open_price, n
FROM (
    SELECT id, opened_at, open_price FROM trades
    WHERE opened_at >= %(since)s AND closed_at IS NOT NULL
    ORDER BY opened_at DESC LIMIT %(trades)s
) t, generate_series(0, 99) n
"""


@dataclass(frozen=True, slots=True)
class List:
    """A list of a large table: who is searched for, and what it is filtered by."""

    path: str
    words: str
    filtered: str


def measure(ground: Ground) -> list[Row]:
    """Load each list as a member of the staff does, one page after the other."""
    largest = ground.bots()[0]
    _fill(ground)
    with web_server(MANY) as (port, _):
        client = Client(port, cookie=_signed_in_staff())
        rows = [_row(client, "index", "/admin/")]
        for each in _lists(largest):
            rows += _rows_of_list(client, each, largest.user.email)
        client.close()
    return rows


def _lists(bot: BotInstance) -> list[List]:
    account = bot.mt4_account
    closed = Trade.objects.filter(bot_instance=bot, closed_at__isnull=False)
    newest = closed.order_by("-closed_at").values_list("ticket_number", flat=True)[0]
    return [
        List("trading/trade", account, "status__exact=closed"),
        List("trading/tradehistory", f"{account} {newest}", ""),
        List("bots/botlog", account, "log_level__exact=ERROR"),
        List("analytics/performancemetric", account, "metric_type__exact=hourly"),
    ]


def _rows_of_list(client: Client, each: List, email: str) -> list[Row]:
    address = f"/admin/{each.path}/"
    first = f"{address}?q={quote(each.words)}"
    pages = {
        "nobody named": address,
        "first page": first,
        "later page": _later(client, address, first),
        "found by e-mail": f"{address}?q={quote(email)}",
    }
    if each.filtered:
        pages["filtered"] = f"{first}&{each.filtered}"
    return [_row(client, f"{each.path}, {name}", url) for name, url in pages.items()]


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
        took=duration(slow),
        value=slow * MILLISECONDS,
        unit=" ms",
        target=at_most(MOST_MS, " ms"),
    )


def _fill(ground: Ground) -> None:
    bots, many = BotInstance.objects.count(), ground.sizes.many
    each = max(many // bots, 1)
    days = [ground.now - timedelta(days=day) for day in range(DAYS + 1)]
    for table in (BOT_LOGS, TRADE_HISTORY):
        create_partitions_for(table, days, now=ground.now)
    with connection.cursor() as cursor:
        seconds = DAYS * 86_400 / each
        cursor.execute(LOGS, {"now": ground.now, "seconds": seconds, "each": each})
        trades = max(many // TICKS_OF_A_TRADE, 1)
        cursor.execute(TICKS, {"since": days[-1], "trades": trades})
        cursor.execute("ANALYZE")


def _signed_in_staff() -> str:
    """Return the cookie of somebody of the staff with a second factor."""
    staff = User.objects.create_superuser("staff@bench.example")
    TOTP.activate(staff, generate_totp_secret())
    browser = Browser()
    browser.force_login(staff)
    return f"{SERVERS_COOKIE}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
