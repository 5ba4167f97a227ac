"""Which bot instance a statement's trades go to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.db import connection

from accounts.tests.threads import all_at_once
from analytics.services.statements import import_statement
from bots.models import BotInstance, BotSource
from bots.tests.factories import BotInstanceFactory
from licensing.tests.factories import LicenseFactory
from trading.models import Trade, TradeStatus
from trading.services.statements import (
    AccountMismatch,
    CurrencyMismatch,
    ImportRunning,
    StatementFile,
)
from trading.tests.factories import TradeFactory
from trading.tests.statement_writer import OPENED, Position, Statement

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ACCOUNT = "7000001"
STATEMENT = Statement(
    rows=[Position(ticket=2, profit=Decimal("12.34")), Position(ticket=3)],
    account=ACCOUNT,
)


def imported(user, statement=STATEMENT, **options):
    file = StatementFile(content=BytesIO(statement.html().encode()), name="s.htm")
    return import_statement(user=user, file=file, now=NOW, **options)


def tickets_of(bot):
    tickets = Trade.objects.filter(bot_instance=bot).values_list(
        "ticket_number", flat=True
    )
    return sorted(tickets)


@pytest.fixture
def eas_bot(alice):
    return BotInstanceFactory.create(owner=alice, mt4_account=ACCOUNT)


@pytest.mark.django_db
def test_a_new_account_gets_an_instance_under_the_newest_license(alice):
    LicenseFactory.create(user=alice, issued_at=NOW - timedelta(days=9))
    newest = LicenseFactory.create(user=alice, issued_at=NOW - timedelta(days=1))

    bot = imported(alice).record.bot_instance

    assert bot.license == newest
    assert bot.instance_name == f"Statement {ACCOUNT}"
    assert bot.source == BotSource.STATEMENT
    assert bot.account_currency == "USD"


@pytest.mark.django_db
def test_the_only_instance_of_the_account_takes_the_trades(alice, eas_bot):
    imported(alice)

    assert tickets_of(eas_bot) == ["2", "3"]
    assert BotInstance.objects.count() == 1


@pytest.mark.django_db
def test_two_instances_leave_the_trades_to_a_third(alice, eas_bot):
    second = BotInstanceFactory.create(owner=alice, mt4_account=ACCOUNT)

    first_import = imported(alice)
    second_import = imported(alice)

    assert first_import.record.bot_instance.source == BotSource.STATEMENT
    assert second_import.record.bot_instance == first_import.record.bot_instance
    assert second_import.record.unchanged_rows == 2
    assert tickets_of(eas_bot) == tickets_of(second) == []


@pytest.mark.django_db
def test_a_ticket_that_a_sibling_holds_is_updated_there(alice, eas_bot):
    sibling = BotInstanceFactory.create(owner=alice, mt4_account=ACCOUNT)
    TradeFactory.create(bot_instance=sibling, ticket_number="2")

    result = imported(alice, bot=eas_bot)

    assert (result.record.created_rows, result.record.updated_rows) == (1, 1)
    assert tickets_of(eas_bot) == ["3"]
    closed = Trade.objects.get(bot_instance=sibling, ticket_number="2")
    assert closed.status == TradeStatus.CLOSED
    assert result.mismatches == 0


@pytest.mark.django_db
def test_the_same_account_number_of_a_stranger_is_no_sibling(alice, charlie):
    LicenseFactory.create(user=alice)
    foreign = BotInstanceFactory.create(owner=charlie, mt4_account=ACCOUNT)
    TradeFactory.create(bot_instance=foreign, ticket_number="2")

    result = imported(alice)

    assert result.record.created_rows == 2
    stays = Trade.objects.get(bot_instance=foreign)
    assert stays.status == TradeStatus.OPEN


@pytest.mark.django_db
def test_a_named_bot_of_another_account_is_refused(alice):
    other = BotInstanceFactory.create(owner=alice, mt4_account="1")

    with pytest.raises(AccountMismatch):
        imported(alice, bot=other)


@pytest.mark.django_db
def test_another_currency_is_refused(alice, eas_bot):
    imported(alice)

    with pytest.raises(CurrencyMismatch):
        imported(alice, replace(STATEMENT, currency="EUR"))


@pytest.mark.django_db
def test_a_given_offset_is_used_and_remembered_unless_an_ea_tells_it(alice):
    LicenseFactory.create(user=alice)
    ea = BotInstanceFactory.create(owner=alice, mt4_account="1", utc_offset_minutes=60)

    own = imported(alice, utc_offset_minutes=180).record.bot_instance
    imported(alice, replace(STATEMENT, account="1"), utc_offset_minutes=180)
    ea.refresh_from_db()

    expected = OPENED.replace(tzinfo=UTC) - timedelta(hours=3)
    opened_at = Trade.objects.values_list("opened_at", flat=True)
    assert set(opened_at) == {expected}
    assert (own.utc_offset_minutes, ea.utc_offset_minutes) == (180, 60)


@pytest.mark.django_db(transaction=True)
def test_ten_uploads_at_once_store_one_statement(alice):
    LicenseFactory.create(user=alice)

    created = all_at_once([lambda: imported(alice).record.created_rows] * 10)

    assert sorted(created) == [0] * 9 + [2]
    assert BotInstance.objects.count() == 1
    assert Trade.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_an_import_that_waits_too_long_is_told_to_try_again(alice):
    LicenseFactory.create(user=alice)

    def upload_impatiently():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        with pytest.raises(ImportRunning):
            imported(alice)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_lock(hashtext('statement'), hashtext(%s))",
            [f"{alice.pk} {ACCOUNT}"],
        )
        all_at_once([upload_impatiently])
        cursor.execute("SELECT pg_advisory_unlock_all()")

    assert imported(alice).record.created_rows == 2
