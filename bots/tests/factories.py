from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import factory

from bots.models import (
    BotInstance,
    BotLog,
    BotSettings,
    BotStatus,
    GuardBreach,
    GuardKind,
    GuardOutcome,
    LogCategory,
    LogLevel,
)
from licensing.tests.factories import LicenseFactory
from smarttrader.jobs.partitions import BOT_LOGS, create_partitions_for


class BotInstanceFactory(factory.django.DjangoModelFactory[BotInstance]):
    """A bot of its license's owner; `owner=alice` gives it a license of hers."""

    class Meta:
        model = BotInstance

    class Params:
        owner: Any = None

    license = factory.Maybe(
        "owner",
        factory.SubFactory(LicenseFactory, user=factory.SelfAttribute("..owner")),
        factory.SubFactory(LicenseFactory),
    )
    user = factory.SelfAttribute("license.user")
    instance_name = factory.Sequence(lambda number: f"Bot {number}")
    mt4_account = factory.Sequence(lambda number: f"{500000 + number}")
    broker_name = "Example Markets"
    broker_server = "ExampleMarkets-Demo"
    status = BotStatus.RUNNING


class BotSettingsFactory(factory.django.DjangoModelFactory[BotSettings]):
    class Meta:
        model = BotSettings

    bot_instance = factory.SubFactory(BotInstanceFactory)
    trading_pairs = factory.LazyFunction(lambda: ["EURUSD", "GBPUSD"])
    trading_sessions = factory.LazyFunction(
        lambda: [{"name": "London", "days": "12345", "start": "08:00", "end": "16:30"}]
    )
    strategies_enabled = factory.LazyFunction(
        lambda: [{"name": "breakout", "enabled": True}]
    )


class GuardBreachFactory(factory.django.DjangoModelFactory[GuardBreach]):
    """A loss of a day that was passed; with a `pause` it holds its bot."""

    class Meta:
        model = GuardBreach

    bot_instance = factory.SubFactory(BotInstanceFactory)
    kind = GuardKind.DAILY_LOSS
    broker_day = factory.LazyAttribute(lambda made: made.at.date())
    at = datetime(2026, 3, 4, 12, tzinfo=UTC)
    pause = None
    outcome = factory.LazyAttribute(
        lambda made: GuardOutcome.PAUSED if made.pause else GuardOutcome.OFF
    )
    figure = Decimal("150.25")
    allowed = Decimal("100.00")
    currency = "USD"


class BotLogFactory(factory.django.DjangoModelFactory[BotLog]):
    class Meta:
        model = BotLog

    bot_instance = factory.SubFactory(BotInstanceFactory)
    log_level = LogLevel.INFO
    category = LogCategory.SYSTEM
    message = factory.Sequence(lambda number: f"Line {number}")
    created_at = datetime(2026, 3, 2, 10, tzinfo=UTC)

    @classmethod
    def _create(cls, model_class: type[BotLog], *args: Any, **fields: Any) -> BotLog:
        moment = fields["created_at"]
        create_partitions_for(BOT_LOGS, [moment], now=moment)
        return super()._create(model_class, *args, **fields)
