from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import factory

from bots.tests.factories import BotInstanceFactory
from smarttrader.jobs.partitions import (
    TRADE_HISTORY,
    TRADES,
    create_partitions_for,
)
from trading.models import (
    StatementImport,
    Trade,
    TradeHistory,
    TradeStatus,
    TradeType,
    trade_id,
)

# A Monday at 10:00, in winter time: each trade opens within the minute after it.
FIRST_OPENED_AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


class TradeFactory(factory.django.DjangoModelFactory[Trade]):
    """An open trade, in a partition that is made when it is missing."""

    class Meta:
        model = Trade

    bot_instance = factory.SubFactory(BotInstanceFactory)
    ticket_number = factory.Sequence(lambda number: f"{70000000 + number}")
    symbol = "EURUSD"
    trade_type = TradeType.BUY
    lot_size = Decimal("0.10")
    open_price = Decimal("1.10000")
    status = TradeStatus.OPEN
    opened_at = factory.Sequence(
        lambda number: FIRST_OPENED_AT + timedelta(seconds=number % 60)
    )
    id = factory.LazyAttribute(
        lambda made: trade_id(made.bot_instance.pk, made.ticket_number, made.opened_at)
    )

    @classmethod
    def _create(cls, model_class: type[Trade], *args: Any, **fields: Any) -> Trade:
        moment = fields["opened_at"]
        create_partitions_for(TRADES, [moment], now=moment)
        return super()._create(model_class, *args, **fields)


class ClosedTradeFactory(TradeFactory):
    """A trade that won 10.00 within the hour, of which 0.70 went for costs."""

    status = TradeStatus.CLOSED
    close_price = Decimal("1.10100")
    profit = Decimal("10.00")
    commission = Decimal("-0.50")
    swap = Decimal("-0.20")
    closed_at = factory.LazyAttribute(lambda made: made.opened_at + timedelta(hours=1))
    duration_seconds = factory.LazyAttribute(
        lambda made: int((made.closed_at - made.opened_at).total_seconds())
    )


class TradeHistoryFactory(factory.django.DjangoModelFactory[TradeHistory]):
    """A tick of a trade, each a second after the one before."""

    class Meta:
        model = TradeHistory

    trade = factory.SubFactory(TradeFactory)
    trade_opened_at = factory.SelfAttribute("trade.opened_at")
    current_price = Decimal("1.10050")
    unrealized_profit = Decimal("5.00")
    recorded_at = factory.LazyAttributeSequence(
        lambda made, number: made.trade.opened_at + timedelta(seconds=number % 3600)
    )

    @classmethod
    def _create(
        cls, model_class: type[TradeHistory], *args: Any, **fields: Any
    ) -> TradeHistory:
        moment = fields["recorded_at"]
        create_partitions_for(TRADE_HISTORY, [moment], now=moment)
        return super()._create(model_class, *args, **fields)


class StatementImportFactory(factory.django.DjangoModelFactory[StatementImport]):
    class Meta:
        model = StatementImport

    bot_instance = factory.SubFactory(BotInstanceFactory)
    user = factory.SelfAttribute("bot_instance.user")
    file_name = "DetailedStatement.htm"
    sha256 = "0" * 64
    mt4_account = factory.SelfAttribute("bot_instance.mt4_account")
    currency = "USD"
    trades = 1
    open_trades = 0
    cancelled_orders = 0
    created_rows = 1
    updated_rows = 0
    unchanged_rows = 0
