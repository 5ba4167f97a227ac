"""One of everything for a user, and a client that calls the user API as somebody."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client

from accounts.models import User
from accounts.tests.tokens import bearer
from analytics.models import MetricType, PerformanceMetric, StatementCheck
from billing.models import BillingCycle, Subscription
from bots.models import BotCommand, BotInstance, BotLog, Command, GuardBreach
from bots.services.commands import queue_command
from bots.tests.factories import (
    BotInstanceFactory,
    BotLogFactory,
    BotSettingsFactory,
    GuardBreachFactory,
)
from licensing.models import License, LicenseType
from notifications.models import Notification, NotificationType
from smarttrader.lib import clock
from smarttrader.lib.actors import SYSTEM
from trading.models import StatementImport, Trade, TradeHistory, TradeTicket
from trading.tests.factories import (
    ClosedTradeFactory,
    StatementImportFactory,
    TradeHistoryFactory,
)

ROOT = "/api/v1"
DAY = datetime(2026, 3, 2, tzinfo=UTC)


class Api:
    """Calls as one user; `last` is the latest response."""

    def __init__(self, user: User) -> None:
        self.client = Client()
        self.headers = bearer(user)
        self.last: Any = None

    def get(self, path: str, **query: Any) -> Any:
        return self._told(
            self.client.get(f"{ROOT}/{path}", query, headers=self.headers)
        )

    def send(self, method: str, path: str, body: Any = None) -> Any:
        call = getattr(self.client, method)
        return self._told(
            call(
                f"{ROOT}/{path}",
                {} if body is None else body,
                content_type="application/json",
                headers=self.headers,
            )
        )

    def post(self, path: str, body: Any = None) -> Any:
        return self.send("post", path, body)

    def listed(self, path: str, **query: Any) -> list[str]:
        """Return the ids that all pages of a list hold, two rows a page."""
        ids: list[str] = []
        query["page_size"] = "2"
        while True:
            page = self.get(path, **query)
            ids += [row["id"] for row in page["results"]]
            if page["next_cursor"] is None:
                return ids
            query["cursor"] = page["next_cursor"]

    @property
    def outcome(self) -> tuple[int, str]:
        """Return status and code of the latest response."""
        return self.last.status_code, self.last.json().get("code", "")

    def _told(self, response: Any) -> Any:
        self.last = response
        if "json" not in response.headers["Content-Type"]:
            return None
        return response.json()


@dataclass
class Belongings:
    """What belongs to one user, a row of each kind."""

    license: License
    bot: BotInstance
    command: BotCommand
    breach: GuardBreach
    log: BotLog
    trade: Trade
    tick: TradeHistory
    metric: PerformanceMetric
    statement: StatementImport
    subscription: Subscription
    notification: Notification


def give_one_of_each(user: User, *, hour: int = 0) -> Belongings:
    """Give a user a row of each kind; of many, each an hour later."""
    now = clock.now()
    bot = BotInstanceFactory.create(owner=user, account_currency="USD")
    BotSettingsFactory.create(bot_instance=bot)
    trade = ClosedTradeFactory.create(bot_instance=bot)
    TradeTicket.objects.get_or_create(
        trade_id=trade.pk,
        defaults={
            "bot_instance": bot,
            "ticket_number": trade.ticket_number,
            "opened_at": trade.opened_at,
        },
    )
    statement = StatementImportFactory.create(bot_instance=bot)
    figures = [{"name": "Profit", "printed": "9.30", "ours": "9.30", "equal": True}]
    StatementCheck.objects.create(
        statement_import=statement, figures=figures, mismatches=0
    )
    pause = queue_command(bot=bot, command=Command.PAUSE, actor=SYSTEM, now=now)
    return Belongings(
        license=bot.license,
        bot=bot,
        command=pause,
        breach=GuardBreachFactory.create(bot_instance=bot, pause=pause),
        log=BotLogFactory.create(bot_instance=bot, created_at=now),
        trade=trade,
        tick=TradeHistoryFactory.create(trade=trade),
        metric=PerformanceMetric.objects.create(
            bot_instance=bot,
            metric_type=MetricType.HOURLY,
            period_start=DAY + timedelta(hours=hour),
            period_end=DAY + timedelta(hours=hour + 1),
        ),
        statement=statement,
        subscription=Subscription.objects.create(
            user=user,
            plan_type=LicenseType.PRO,
            amount="49.00",
            billing_cycle=BillingCycle.MONTHLY,
            current_period_start=DAY,
            current_period_end=DAY + timedelta(days=31),
        ),
        notification=Notification.objects.create(
            user=user,
            type=NotificationType.SYSTEM,
            title="Hello",
            message="A line",
            created_at=now,
        ),
    )


def ids(*rows: Any) -> set[str]:
    return {str(row.pk) for row in rows}


UNKNOWN_ID = uuid.UUID("019b76da-8000-7000-8000-00000000002a")
