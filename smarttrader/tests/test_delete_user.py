"""Deleting a user takes all that is theirs, in the database, and nothing else."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction

from accounts.models import AuthEventType, EmailCode, Role, User
from accounts.services import events
from accounts.services import users as accounts
from accounts.tests.factories import UserFactory
from accounts.tests.threads import all_at_once
from analytics.models import MetricType, PerformanceMetric, StatementCheck
from billing.models import BillingCycle, Subscription
from bots.models import BotInstance
from bots.tests.factories import (
    BotInstanceFactory,
    BotLogFactory,
    BotSettingsFactory,
)
from licensing.models import LicenseType
from licensing.tests.factories import LicenseFactory
from notifications.models import (
    Delivery,
    DeliveryState,
    Notification,
    NotificationType,
)
from smarttrader.jobs.partitions import (
    TRADE_HISTORY,
    TRADES,
    create_partitions_for,
)
from smarttrader.lib.actors import SYSTEM
from trading.models import Trade, TradeHistory, TradeTicket
from trading.tests.factories import (
    ClosedTradeFactory,
    StatementImportFactory,
    TradeFactory,
    TradeHistoryFactory,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
# All that is left of a user: the event of their deletion, which names nobody.
THAT_IT_HAPPENED = {"auth_events.user_id": 1}


def give_rows_of_all_kinds(user: User) -> None:
    address = EmailAddress.objects.create(user=user, email=user.email, verified=True)
    EmailConfirmation.objects.create(email_address=address, key=str(user.pk), sent=NOW)
    EmailCode.objects.create(user=user, digest="x", expires_at=NOW)
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.TOTP, data={"secret": "x"}
    )
    session = Session.objects.create(
        session_key=user.pk.hex, session_data="", expire_date=NOW
    )
    UserSession.objects.create(
        user=user, session_key=session.session_key, ip="127.0.0.1", user_agent="test"
    )
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(User),
        object_id="1",
        object_repr="x",
        action_flag=ADDITION,
    )
    # Only of the staff's are there groups and permissions to delete.
    user.role = Role.ADMIN
    user.save()
    user.groups.add(Group.objects.get_or_create(name="traders")[0])
    user.user_permissions.add(Permission.objects.order_by("pk")[0])
    Subscription.objects.create(
        user=user,
        plan_type=LicenseType.PRO,
        amount="49.00",
        billing_cycle=BillingCycle.MONTHLY,
        current_period_start=NOW,
        current_period_end=NOW + timedelta(days=30),
    )
    Notification.objects.create(
        user=user, type=NotificationType.TRADE, title="Closed", message="A trade closed"
    )
    LicenseFactory.create(user=user)
    for bot in BotInstanceFactory.create_batch(2, owner=user):
        BotSettingsFactory.create(bot_instance=bot)
        BotLogFactory.create_batch(2, bot_instance=bot)
        PerformanceMetric.objects.create(
            bot_instance=bot,
            metric_type=MetricType.DAILY,
            period_start=NOW - timedelta(days=1),
            period_end=NOW,
        )
        for trade in (
            TradeFactory.create(bot_instance=bot),
            ClosedTradeFactory.create(bot_instance=bot),
        ):
            TradeHistoryFactory.create_batch(3, trade=trade)
        StatementCheck.objects.create(
            statement_import=StatementImportFactory.create(bot_instance=bot),
            figures=[],
            mismatches=0,
        )


def counts() -> dict[str, int]:
    """Return how many rows each table has; a partitioned one counts once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regclass::text FROM pg_class"
            " WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace"
        )
        tables = [name for (name,) in cursor.fetchall()]
        found = {}
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            (found[table],) = cursor.fetchone()
    return found


def mentions(identifiers: set[uuid.UUID]) -> dict[str, int]:
    """Return the columns in which any of these ids stands, and how often."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attrelid::regclass::text, quote_ident(attname) FROM pg_attribute"
            " JOIN pg_class ON pg_class.oid = attrelid"
            " WHERE relkind IN ('r', 'p') AND NOT relispartition AND attnum > 0"
            " AND NOT attisdropped AND relnamespace = 'public'::regnamespace"
            " AND atttypid IN ('uuid'::regtype, 'text'::regtype, 'varchar'::regtype,"
            " 'jsonb'::regtype)"
        )
        found = {}
        for table, column in cursor.fetchall():
            cursor.execute(
                f"SELECT count(*) FROM {table} WHERE {column}::text = ANY (%s)",
                [[str(identifier) for identifier in identifiers]],
            )
            (number,) = cursor.fetchone()
            if number:
                found[f"{table}.{column}"] = number
    return found


def ids_of(user: User) -> set[uuid.UUID]:
    """Return the ids of a user and of all that is theirs."""
    bots = BotInstance.objects.filter(user=user)
    of_bots = (
        model.objects.filter(bot_instance__in=bots).values_list("pk", flat=True)
        for model in (Trade, PerformanceMetric, TradeTicket)
    )
    owned = (
        manager.values_list("pk", flat=True)
        for manager in (user.licenses, user.subscriptions, user.notifications)
    )
    return {user.pk, *bots.values_list("pk", flat=True)}.union(*of_bots, *owned)


def test_deletion_of_a_user_leaves_no_row_of_theirs(alice, charlie):
    # A session names its user inside a signed text; it dies with the next request.
    sessions = "django_session"
    Group.objects.create(name="traders")
    give_rows_of_all_kinds(charlie)
    before = counts()
    give_rows_of_all_kinds(alice)
    ids = ids_of(alice)
    grown = {table for table, number in counts().items() if number > before[table]}

    accounts.delete_user(user=alice, now=NOW)

    after = counts()
    assert after.pop(sessions) == before.pop(sessions) + 1
    assert after.pop("auth_events") == before.pop("auth_events") + 1
    assert after == {**before, "users": before["users"] - 1}
    assert mentions(ids) == THAT_IT_HAPPENED
    assert grown == {
        "account_emailaddress",
        "account_emailconfirmation",
        "bot_instances",
        "bot_logs",
        "bot_settings",
        "django_admin_log",
        "django_session",
        "email_codes",
        "licenses",
        "mfa_authenticator",
        "notifications",
        "performance_metrics",
        "rollup_dirty",
        "statement_checks",
        "statement_imports",
        "subscriptions",
        "trade_history",
        "trade_tickets",
        "trades",
        "users_groups",
        "users_user_permissions",
        "usersessions_usersession",
    }


def test_mail_is_neither_sent_to_who_is_gone_nor_remembers_them(alice, bob, charlie):
    def mailed(recipient: str, *, is_sent: bool = False) -> Delivery:
        finished = {"state": DeliveryState.SENT, "finished_at": NOW} if is_sent else {}
        return Delivery.objects.create(
            recipient=recipient, subject="x", next_attempt_at=NOW, **finished
        )

    def note_address(user: User, email: str) -> None:
        user.email = email
        events.record_event(
            type=AuthEventType.SIGNED_IN, actor=SYSTEM, user=user, now=NOW
        )

    present, [gone, passed_on] = alice.email, ["old@example.com", charlie.email]
    for email in (gone, passed_on, present):
        note_address(alice, email)
    for recipient in (present.upper(), gone):
        mailed(recipient)
    sent = [mailed(each, is_sent=True) for each in (present, gone)]
    kept = [mailed(bob.email), mailed(passed_on), mailed(bob.email, is_sent=True)]

    accounts.delete_user(user=alice, now=NOW)

    left = {each.pk: each.recipient for each in Delivery.objects.all()}
    assert left == {
        **{each.pk: "" for each in sent},
        **{each.pk: each.recipient for each in kept},
    }


def test_every_reference_to_a_user_or_a_bot_has_a_rule_in_the_database():
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE below (table_id) AS ("
            " SELECT 'users'::regclass::oid"
            " UNION SELECT conrelid FROM pg_constraint"
            " JOIN below ON confrelid = table_id WHERE contype = 'f')"
            " SELECT conrelid::regclass::text, confdeltype FROM pg_constraint"
            " JOIN below ON confrelid = table_id"
            " WHERE contype = 'f' AND conparentid = 0"
            " AND (confdeltype <> 'c' OR condeferrable)"
        )
        without_cascade = cursor.fetchall()

    # Licenses are RESTRICT under bots; SET NULL are a customer's reseller and what a
    # subscription pays for.
    assert sorted(without_cascade) == [
        ("bot_instances", "r"),
        ("subscriptions", "n"),
        ("users", "n"),
    ]


def test_deletion_of_a_user_is_one_statement_beside_its_event(alice, count_statements):
    give_rows_of_all_kinds(alice)

    with count_statements() as asked:
        accounts.delete_user(user=alice, now=NOW)

    assert [" ".join(statement.split()[:3]) for statement in asked] == [
        'INSERT INTO "auth_events"',
        "DELETE FROM users",
    ]
    assert not User.objects.exists()


def test_deletion_of_a_user_leaves_another_users_rows(alice, charlie):
    give_rows_of_all_kinds(alice)
    give_rows_of_all_kinds(charlie)
    ids = ids_of(charlie)
    before = mentions(ids)

    accounts.delete_user(user=alice, now=NOW)

    assert ids_of(charlie) == ids
    assert mentions(ids) == before


def test_deletion_of_a_license_with_bots_is_refused_by_the_database(alice):
    bot = BotInstanceFactory.create(owner=alice)

    with (
        pytest.raises(IntegrityError, match="bot_instances"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM licenses WHERE id = %s", [bot.license_id])

    assert BotInstance.objects.filter(pk=bot.pk).exists()


def test_deletion_of_a_license_without_bots_passes(alice):
    licensed = LicenseFactory.create(user=alice)

    licensed.delete()

    assert not alice.licenses.exists()


def test_deletion_of_a_bot_takes_its_rows(alice):
    bot, other = BotInstanceFactory.create_batch(2, owner=alice)
    before = counts()
    for each in (bot, other):
        BotSettingsFactory.create(bot_instance=each)
        BotLogFactory.create(bot_instance=each)
        TradeHistoryFactory.create(trade=ClosedTradeFactory.create(bot_instance=each))

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM bot_instances WHERE id = %s", [bot.pk])

    assert mentions({bot.pk}) == {}
    grown = {
        table: number - before[table]
        for table, number in counts().items()
        if number != before[table]
    }
    one_of_each = (
        "bot_logs",
        "bot_settings",
        "rollup_dirty",
        "trade_history",
        "trades",
    )
    assert grown == {
        **dict.fromkeys(one_of_each, 1),
        "trade_tickets": 1,
        "bot_instances": -1,
    }


def test_deletion_of_a_trade_takes_its_ticks_and_its_ticket(alice):
    bot = BotInstanceFactory.create(owner=alice)
    gone, kept = ClosedTradeFactory.create_batch(2, bot_instance=bot)
    for trade in (gone, kept):
        TradeHistoryFactory.create_batch(3, trade=trade)
        TradeHistoryFactory.create(
            trade=trade, recorded_at=trade.opened_at - timedelta(days=1)
        )
        TradeHistoryFactory.create(
            trade=trade, recorded_at=trade.opened_at + timedelta(days=1, hours=1)
        )

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM trades WHERE id = %s", [gone.pk])

    assert mentions({gone.pk}) == {}
    assert TradeHistory.objects.filter(trade_id=kept.pk).count() == 5
    assert TradeTicket.objects.get().trade_id == kept.pk


def test_deletion_of_a_trade_takes_the_ticks_after_a_close_that_came_to_light_late(
    alice,
):
    trade = TradeFactory.create(bot_instance=BotInstanceFactory.create(owner=alice))
    TradeHistoryFactory.create(
        trade=trade, recorded_at=trade.opened_at + timedelta(days=9)
    )

    Trade.objects.filter(pk=trade.pk).update(
        status="closed",
        close_price="1.2",
        profit=0,
        closed_at=trade.opened_at + timedelta(days=2),
    )
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM trades WHERE id = %s", [trade.pk])

    assert mentions({trade.pk}) == {}


def report_until_refused(bot: BotInstance, number: int) -> int:
    """Report trades of a bot, each with a tick, until the bot is gone; count them."""
    reported = 0
    for ticket in range(number, 2_000, 10):
        trade = TradeFactory.build(bot_instance=bot, ticket_number=str(ticket))
        tick = TradeHistoryFactory.build(trade=trade, recorded_at=trade.opened_at)
        try:
            with transaction.atomic():
                trade.save(force_insert=True)
                tick.save(force_insert=True)
        except IntegrityError:
            break
        reported += 1
    return reported


@pytest.mark.django_db(transaction=True)
def test_deletion_of_a_user_whose_bots_are_trading_leaves_no_orphan():
    alice = UserFactory.create()
    every_bot = BotInstanceFactory.create_batch(3, owner=alice)
    for bot in every_bot:
        TradeHistoryFactory.create(trade=ClosedTradeFactory.create(bot_instance=bot))
    ids = ids_of(alice)

    def delete_soon() -> int:
        while Trade.objects.count() < 30:
            time.sleep(0.01)
        accounts.delete_user(user=alice, now=NOW)
        return 0

    calls: list[Callable[[], int]] = [
        partial(report_until_refused, bot, number)
        for bot in every_bot
        for number in (1, 2)
    ]
    all_at_once([*calls, delete_soon])

    assert mentions(ids) == THAT_IT_HAPPENED
    left = {"trades", "trade_tickets", "trade_history", "rollup_dirty", "bot_logs"}
    assert {table: counts()[table] for table in left} == dict.fromkeys(left, 0)


def grow(bot: BotInstance, *, trades: int, ticks_each: int, days: int) -> None:
    """Give a bot closed trades of an hour each, spread over days, each with ticks."""
    start = NOW - timedelta(days=days)
    all_days = [start + timedelta(days=day) for day in range(days + 1)]
    create_partitions_for(TRADES, all_days, now=NOW)
    create_partitions_for(TRADE_HISTORY, all_days, now=NOW)
    values: dict[str, Any] = {
        "bot": bot.pk,
        "start": start,
        "gap": timedelta(days=days) / trades,
        "trades": trades,
        "ticks_each": ticks_each,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO trades (id, bot_instance_id, ticket_number, symbol,"
            " trade_type, lot_size, open_price, close_price, profit, status, opened_at,"
            " closed_at)"
            " SELECT gen_random_uuid(), %(bot)s, n::text, 'EURUSD', 'BUY', 0.1, 1.1,"
            " 1.2, 10, 'closed', start, start + interval '1 hour' FROM ("
            " SELECT n, %(start)s + n * %(gap)s AS start"
            " FROM generate_series(1, %(trades)s) n) planned",
            values,
        )
        cursor.execute(
            "INSERT INTO trade_history (id, trade_id, trade_opened_at, current_price,"
            " unrealized_profit, recorded_at)"
            " SELECT gen_random_uuid(), id, opened_at, 1.1, 1,"
            " opened_at + n * interval '10 seconds'"
            " FROM trades, generate_series(1, %(ticks_each)s) n"
            " WHERE bot_instance_id = %(bot)s",
            values,
        )


def delete_a_user_with(alice: User, charlie: User, **size: int) -> float:
    for user in (alice, charlie):
        for bot in BotInstanceFactory.create_batch(2, owner=user):
            grow(bot, trades=size["trades"] // 2, ticks_each=10, days=size["days"])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    began = time.monotonic()
    accounts.delete_user(user=alice, now=NOW)
    return time.monotonic() - began


def test_deletion_of_a_user_with_thousands_of_trades(alice, charlie):
    seconds = delete_a_user_with(alice, charlie, trades=5_000, days=20)

    print(f"5,000 trades and 50,000 ticks deleted in {seconds:.1f} s")  # noqa: T201
    assert (Trade.objects.count(), TradeHistory.objects.count()) == (5_000, 50_000)


@pytest.mark.nightly
def test_deletion_of_a_user_with_a_million_ticks(alice, charlie):
    seconds = delete_a_user_with(alice, charlie, trades=100_000, days=300)

    print(f"100,000 trades and 1,000,000 ticks deleted in {seconds:.1f} s")  # noqa: T201
    assert (Trade.objects.count(), TradeHistory.objects.count()) == (100_000, 1_000_000)
