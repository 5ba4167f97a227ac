"""Pages at many trades: how many queries, and how long the database works for them."""

from collections.abc import Callable, Sequence
from statistics import median, quantiles
from time import perf_counter
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.test import Client as Browser

from analytics.queries import breakdowns
from bots.models import BotInstance
from smarttrader.bench.client import Client
from smarttrader.bench.databases import statements
from smarttrader.bench.ground import MANY, Ground
from smarttrader.bench.report import Row, at_most, duration
from smarttrader.bench.server import web_server
from smarttrader.history.people import owner_of
from smarttrader.lib.keyset import Place
from trading.models import Trade
from trading.queries import newest_trades

TIMES = 21
ROWS = 50  # as the page of trades has
LOADS = 60
PAGES = ("/", "/bots/", "/trades/", "/performance/")
FAR_PAGE = 1000
# As it is called without DEBUG, which the server has not.
SERVERS_COOKIE = "__Host-sessionid"
MILLISECONDS = 1000
A_YEAR_OF_EQUITY = """
INSERT INTO equity_hours
    (bot_instance_id, hour_start, open, high, low, close, balance, told_at)
SELECT b.id, hour, 1000, 1000 + n %% 100, 1000 - n %% 100, 1000, 1000, hour
FROM bot_instances b, generate_series(1, 8760) n, LATERAL (
    SELECT date_trunc('hour', %(now)s::timestamptz, 'UTC') - n * interval '1 hour'
) AS at (hour)
WHERE b.user_id = %(owner)s ON CONFLICT DO NOTHING
"""
Breakdown = Callable[[list[UUID]], object]
BREAKDOWNS: dict[str, Breakdown] = {
    "symbol, strategy, direction": breakdowns.trades_by_part,
    "weekday, hour": breakdowns.trades_by_time,
}


def measure_overview(ground: Ground) -> list[Row]:
    """Ask for the overview of the owner of the largest bot, as a browser does."""
    ground.bots()
    client = Browser(SERVER_NAME="127.0.0.1")
    client.force_login(owner_of(ground.many))
    counts, seconds = [], []
    for _ in range(TIMES):
        with statements() as asked:
            answer = client.get("/")
        assert answer.status_code == 200, answer.status_code  # noqa: S101, PLR2004
        counts.append(len(asked))
        seconds.append(sum(each for _, _, each in asked))
    return [
        Row(
            name="overview: queries",
            took="",
            value=max(counts),
            unit=" queries",
            target=at_most(16, " queries"),
        ),
        Row(
            name="overview: in the database",
            took=duration(median(seconds)),
            value=median(seconds) * MILLISECONDS,
            unit=" ms",
            target=at_most(150, " ms"),
        ),
    ]


def measure_pages(ground: Ground) -> list[Row]:
    """Load pages of the owner of the largest bot over HTTP, one after the other."""
    ground.bots()
    owner, browser = owner_of(ground.many), Browser()
    with connection.cursor() as cursor:
        cursor.execute(A_YEAR_OF_EQUITY, {"owner": owner.pk, "now": ground.now})
    browser.force_login(owner)
    session = browser.cookies[settings.SESSION_COOKIE_NAME]
    with web_server(MANY) as (port, _):
        client = Client(port, cookie=f"{SERVERS_COOKIE}={session.value}")
        rows = [_row_of_load(client, path) for path in PAGES]
        client.close()
    return rows


def _row_of_load(client: Client, path: str) -> Row:
    client.get(path)
    seconds = []
    for _ in range(LOADS):
        begun = perf_counter()
        client.get(path)
        seconds.append(perf_counter() - begun)
    slow = quantiles(seconds, n=20)[-1]
    return Row(
        name=f"page {path} over HTTP: 95 of 100 within",
        took=duration(slow),
        value=slow * MILLISECONDS,
        unit=" ms",
        target=at_most(150, " ms"),
    )


def measure_lists(ground: Ground) -> list[Row]:
    """Read the first and a far page of the trades of the largest bot's owner."""
    bots = ground.bots()
    owner = owner_of(ground.many)
    own = [bot for bot in bots if bot.user_id == owner.pk]
    far = _place_after(bots[0], min(ROWS * FAR_PAGE, bot_trades(ground) // 2))
    return [
        row
        for name, after in (("first", None), (f"{FAR_PAGE:,}th", far))
        for row in _rows_of_page(name, own, after)
    ]


def measure_breakdowns(ground: Ground) -> list[Row]:
    """Break down all trades of the largest bot, and of all bots of its owner."""
    largest = ground.bots()[0]
    owned = BotInstance.objects.filter(user=largest.user_id)
    own = list(owned.values_list("pk", flat=True))
    return [
        _row_of_breakdown(name, query, ids)
        for name, query in BREAKDOWNS.items()
        for ids in ([largest.pk], own)
    ]


def _row_of_breakdown(name: str, query: Breakdown, ids: list[UUID]) -> Row:
    executed = []
    for _ in range(TIMES):
        with statements() as asked:
            query(ids)
        executed.append(sum(_execution_ms(text, values) for text, values, _ in asked))
    bots = "the largest bot" if len(ids) == 1 else f"{len(ids)} bots, it among them"
    return Row(
        name=f"breakdown by {name} of {bots}: execution",
        took=f"{median(executed):.3g} ms",
        value=median(executed),
        unit=" ms",
    )


def bot_trades(ground: Ground) -> int:
    return ground.many.planned_bots[0].trades


def _place_after(bot: BotInstance, rows: int) -> Place:
    trade = (
        Trade.objects.filter(bot_instance=bot, closed_at__isnull=False)
        .only("id", "closed_at")
        .order_by("-closed_at", "-id")[rows]
    )
    return Place(trade.closed_at, trade.pk)


def _rows_of_page(
    name: str, bots: Sequence[BotInstance], after: Place | None
) -> list[Row]:
    executed, waited = [], []
    for _ in range(TIMES):
        with statements() as asked:
            newest_trades(bots, Trade.objects.all(), limit=ROWS + 1, after=after)
        waited.append(sum(seconds for _, _, seconds in asked))
        executed.append(sum(_execution_ms(text, values) for text, values, _ in asked))
    page = f"{name} page of a list over {len(bots)} bots"
    return [
        Row(
            name=f"{page}: execution",
            took=f"{median(executed):.3g} ms",
            value=median(executed),
            unit=" ms",
            target=at_most(10, " ms"),
        ),
        Row(
            name=f"{page}: with planning and transfer",
            took=duration(median(waited)),
            value=median(waited) * MILLISECONDS,
            unit=" ms",
        ),
    ]


def _execution_ms(text: str, values: Any) -> float:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {text}", values)
        (plan,) = cursor.fetchone()
    return float(plan[0]["Execution Time"])
