"""An account of twenty years: imported, listed to its end, rolled up."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from random import Random

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from analytics.models import MetricType, PerformanceMetric
from analytics.services import rollups
from analytics.services.statements import import_statement
from analytics.tests.direct_metrics import direct_rows, stored_rows
from licensing.models import License
from smarttrader.jobs import catalog
from smarttrader.jobs.models import ArchivedPartition
from smarttrader.jobs.partitions import TRADES
from smarttrader.jobs.services import retention
from trading import queries
from trading.models import Trade
from trading.services.statements import StatementFile
from trading.tests.statement_writer import Position, Statement

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST, LAST = datetime(2006, 1, 2), datetime(2026, 11, 20)  # noqa: DTZ001 -- a broker's
TRADES_COUNT = 1000
A_CENT = Decimal("0.01")


def test_trades_spread_over_twenty_years_import_list_and_roll_up(
    client: Client, alice: User, alices_license: License
):
    client.force_login(alice)
    positions = list(spread_positions())

    imported = import_statement(user=alice, file=file_of(positions), now=NOW)

    assert imported.mismatches == 0
    assert imported.record.created_rows == TRADES_COUNT
    months = {f"trades_p{position.opened:%Y%m}" for position in positions}
    assert months - {each.name for each in catalog.partitions_of(TRADES)} == set()
    assert len(months) == 251

    pages = list(pages_of(client))
    newest_first = [str(position.ticket) for position in reversed(positions)]
    assert [ticket for _, tickets in pages for ticket in tickets] == newest_first
    back = [(address, page_at(client, address)[0]) for address, _ in reversed(pages)]
    assert back == pages[::-1]
    bots = [imported.record.bot_instance]
    every = queries.all_trades(bots, Trade.objects.all())
    assert [trade.ticket_number for trade in every] == newest_first

    rolled_up = stored_rows()
    assert rolled_up == direct_rows()
    assert {kind for _, kind, _ in rolled_up} == set(MetricType)
    rollups.rebuild(now=NOW + timedelta(hours=1))
    assert stored_rows() == rolled_up
    assert not PerformanceMetric.objects.filter(created_at__gt=NOW).exists()

    assert retention.overdue(TRADES, now=NOW) == []
    assert not ArchivedPartition.objects.exists()


def spread_positions() -> Iterator[Position]:
    """Yield trades that open and close one after the other, evenly over the years."""
    chance = Random(20)
    step = (LAST - FIRST) / TRADES_COUNT
    for place in range(TRADES_COUNT):
        opened = (FIRST + place * step).replace(microsecond=0)
        yield Position(
            ticket=1000 + place,
            opened=opened,
            closed=opened + timedelta(seconds=chance.randrange(60, 5 * 86400)),
            commission=-7 * A_CENT,
            profit=chance.randrange(-5000, 5500) * A_CENT,
        )


def file_of(positions: list[Position]) -> StatementFile:
    html = Statement(rows=positions).html()
    return StatementFile(content=BytesIO(html.encode()), name="statement.htm")


def pages_of(client: Client) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Yield each page's address and tickets, going on from page to page to the end."""
    address: dict[str, str] | None = {}
    while address is not None:
        tickets, following = page_at(client, address)
        yield address, tickets
        address = following


def page_at(
    client: Client, address: dict[str, str]
) -> tuple[list[str], dict[str, str] | None]:
    """Return a page's tickets, and the address of the page after it."""
    context = client.get(reverse("trades"), address).context
    place = context["next"]
    tickets = [trade.ticket_number for trade in context["trades"]]
    return tickets, {"after": str(place)} if place else None
