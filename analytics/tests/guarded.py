"""A bot under the risk guard, as tests move it through its days."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import User
from analytics.services import guard
from bots.models import BotInstance, BotSettings, BotStatus
from bots.services import heartbeats
from bots.services.bot_settings import ensure_settings
from bots.services.heartbeats import Heartbeat
from bots.tests.factories import BotInstanceFactory
from trading.models import TradeStatus, TradeType
from trading.services.trades import TradeReport, record_trades

# A Wednesday at noon.
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def guarded_bot(owner: User, **fields: Any) -> BotInstance:
    """Return a bot whose guard is on, with limits saved in its account's currency.

    A loss of 100 a day, ten trades a day; `drawdown` in percent.
    """
    drawdown = fields.pop("drawdown", None)
    saved_in = fields.pop("limits_currency", fields.get("account_currency", "USD"))
    bot: BotInstance = BotInstanceFactory.create(
        owner=owner,
        **{
            "account_currency": "USD",
            "guard_enabled": True,
            "instance_name": "Alpha",
            **fields,
        },
    )
    ensure_settings(bot=bot)
    BotSettings.objects.filter(bot_instance=bot).update(
        limits_currency=saved_in, max_drawdown_percentage=drawdown
    )
    return bot


class Guarded:
    """The bot's EA and its broker: what happens is told at once, by the clock."""

    def __init__(self, bot: BotInstance, now: datetime = NOON) -> None:
        self.bot = bot
        self.now = now
        self.balance = Decimal(10_000)
        self.floating = Decimal(0)
        self.status = BotStatus.RUNNING
        self.tickets = 0

    def trade(
        self,
        profit: Any = 0,
        *,
        opened: timedelta = HOUR,
        closed: timedelta | None = None,
    ) -> None:
        """Report a trade, opened and closed so long ago; without `closed`, just now."""
        self.tickets += 1
        report(
            self.bot,
            str(self.tickets),
            opened_at=self.now - opened,
            closed_at=self.now - (closed or timedelta()),
            profit=Decimal(profit),
            now=self.now,
        )
        self.balance += Decimal(profit)

    def beat(self, **told: Any) -> str:
        """Tell what the account holds; obey, and return, what is answered."""
        beat = Heartbeat(
            status=self.status,
            balance=self.balance,
            equity=self.balance + self.floating,
            **told,
        )
        heard = heartbeats.record_heartbeat(bot=self.bot, beat=beat, now=self.now)
        self.status = {
            "pause": BotStatus.PAUSED,
            "resume": BotStatus.RUNNING,
            "stop": BotStatus.STOPPED,
        }.get(heard.command, self.status)
        return heard.command

    def looked_at(self, *, after: timedelta = MINUTE, **told: Any) -> list[str]:
        """Beat, let the guard look, beat twice; return the commands that it heard."""
        self.now += after
        before = self.beat(**told)
        guard.sweep(now=self.now)
        heard = [before, self.beat(), self.beat()]
        return [command for command in heard if command != "none"]


def report(
    bot: BotInstance,
    ticket: str,
    *,
    opened_at: datetime,
    closed_at: datetime | None,
    profit: Decimal,
    now: datetime,
    **fields: Any,
) -> None:
    trade: dict[str, Any] = {
        "ticket_number": ticket,
        "symbol": "EURUSD",
        "trade_type": TradeType.BUY,
        "lot_size": Decimal("0.1"),
        "open_price": Decimal("1.1"),
        "opened_at": opened_at,
        "profit": profit,
    }
    if closed_at is not None:
        trade |= {
            "status": TradeStatus.CLOSED,
            "closed_at": closed_at,
            "close_price": Decimal("1.1"),
        }
    record_trades(bot=bot, reports=[TradeReport(**{**trade, **fields})], now=now)
