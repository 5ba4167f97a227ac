"""What a statement says, as values: times are the broker's, money the account's."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from trading.models import TradeStatus, TradeType


@dataclass(frozen=True, slots=True)
class Header:
    account: str
    holder: str
    currency: str
    broker: str
    printed_at: str  # by the PC's clock, as printed


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A position, or a pending order that was cancelled."""

    status: TradeStatus
    ticket: str
    opened_at: datetime  # naive: the broker's clock
    trade_type: TradeType
    lots: Decimal
    symbol: str
    open_price: Decimal
    stop_loss: Decimal  # 0 is none
    take_profit: Decimal
    closed_at: datetime | None
    close_price: Decimal
    commission: Decimal
    taxes: Decimal
    swap: Decimal
    profit: Decimal
    magic_number: int | None
    comment: str
    line: int

    @property
    def net(self) -> Decimal:
        return self.profit + self.commission + self.taxes + self.swap


@dataclass(frozen=True, slots=True)
class CashRow:
    """A deposit, a withdrawal, or a credit: money that no trade earned."""

    at: datetime
    amount: Decimal
    is_credit: bool


@dataclass(slots=True)
class PrintedTotals:
    """The totals that the statement prints under its rows and in its summary.

    None stands for a cell that is empty or absent; `details` are MetaTrader's 23
    figures in their printed order, as text, or none of them in a statement without
    details.
    """

    closed_sums: list[Decimal | None] = field(default_factory=list)
    closed_profit: Decimal | None = None
    open_sums: list[Decimal | None] = field(default_factory=list)
    floating_profit: Decimal | None = None
    deposits: Decimal | None = None
    credit: Decimal | None = None
    summary_closed_profit: Decimal | None = None
    summary_floating_profit: Decimal | None = None
    balance: Decimal | None = None
    equity: Decimal | None = None
    money_decimals: int = 2
    details: list[str] = field(default_factory=list)
