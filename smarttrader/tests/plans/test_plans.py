"""Every named query reads the partitions and rows that it needs, and no others."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bots.models import BotInstance
from bots.tests.factories import BotInstanceFactory
from smarttrader.tests.plans.capture import Plan, plans_of_statements
from smarttrader.tests.plans.expectations import ASK_NOTHING, EXPECTATIONS, Expected
from smarttrader.tests.plans.ground import Ground, prepare_ground
from trading.tests.factories import ClosedTradeFactory

# What lies below has no large table.
APPS = ("bots", "billing", "trading", "analytics", "notifications")
HEAD = 100  # characters by which a statement's file is known


def files(*patterns: str) -> list[Path]:
    """Return the files of the apps that have one of these names."""
    return [
        path
        for app in APPS
        for pattern in patterns
        for path in sorted((settings.BASE_DIR / app).glob(pattern))
    ]


def query_functions() -> Iterator[str]:
    """Yield the full names of the public functions of all modules of queries."""
    for path in files("queries.py", "queries/*.py"):
        parts = path.relative_to(settings.BASE_DIR).with_suffix("").parts
        module = import_module(".".join(parts))
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                yield f"{module.__name__}.{name}"


def statement_heads() -> dict[str, str]:
    """Return how each of our .sql files that hold statements begins."""
    return {path.name: path.read_text()[:HEAD] for path in files("sql/*.sql")}


def plans_of(expected: Expected, ground: Ground) -> list[Plan]:
    """Return how a call's statements were executed; what it wrote is undone."""
    with transaction.atomic():
        with plans_of_statements() as plans:
            expected.call(ground)
        transaction.set_rollback(True)
    return plans


def complaints(name: str, expected: Expected, plans: list[Plan]) -> Iterator[str]:
    allowed = {
        "trades": expected.trades,
        "trade_history": expected.ticks,
        "bot_logs": expected.logs,
    }
    for table, partitions in allowed.items():
        opened = max((plan.partitions[table] for plan in plans), default=0)
        if opened != partitions:
            yield f"{name}: {opened} partitions of {table}, not {partitions}"
    for plan in plans:
        statement = " ".join(plan.sql.split())[:60]
        if max(plan.read, plan.sorted) > expected.rows:
            yield (
                f"{name}: {plan.read:.0f} rows read and {plan.sorted:.0f} sorted,"
                f" at most {expected.rows} expected: {statement}"
            )
        if plan.whole:
            yield f"{name}: {sorted(plan.whole)} read sequentially: {statement}"
        if plan.aggregates_trades and not expected.aggregates:
            yield f"{name}: aggregates trades without a LIMIT: {statement}"


def test_every_query_function_has_an_expectation():
    named = {name.partition(":")[0] for name in EXPECTATIONS}
    functions = set(query_functions())

    assert functions - named == ASK_NOTHING


@pytest.mark.django_db
def test_every_named_query_touches_what_it_needs_and_no_more():
    ground = prepare_ground()

    plans = {
        name: plans_of(expected, ground) for name, expected in EXPECTATIONS.items()
    }

    asked = [plan.sql for found in plans.values() for plan in found]
    heads = statement_heads()
    assert {
        name for name, head in heads.items() if any(head in sql for sql in asked)
    } == set(heads)
    found = [
        complaint
        for name, expected in EXPECTATIONS.items()
        for complaint in complaints(name, expected, plans[name])
    ]
    assert "\n".join(found) == ""


@pytest.mark.django_db
def test_no_page_counts_trades_without_a_limit(client: Client):
    staff = User.objects.create_superuser("staff@example.com")
    bot = BotInstanceFactory.create(owner=staff)
    ClosedTradeFactory.create_batch(3, bot_instance=bot)
    client.force_login(staff)

    with plans_of_statements() as plans:
        for address in pages_with_trades(bot):
            assert b"".join(client.get(address)) != b""

    assert [plan.sql for plan in plans if plan.aggregates_trades] == []
    assert sum(plan.partitions["trades"] > 0 for plan in plans) > 0


def pages_with_trades(bot: BotInstance) -> list[str]:
    lists = [model._meta for model in admin.site._registry]  # noqa: SLF001
    return [
        *(
            reverse(name)
            for name in ("overview", "bots", "performance", "statements", "trades")
        ),
        f"{reverse('trades')}?status=closed&result=won",
        reverse("trades_export"),
        reverse("bot", args=[bot.pk]),
        *(
            reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
            for meta in lists
        ),
    ]
