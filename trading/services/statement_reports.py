"""What the rows of a statement report about trades, in the columns' ranges."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from smarttrader.lib.money import CENT, POINT, rounded
from trading.models import TradeStatus
from trading.services.trades import TradeReport
from trading.statements.reader import StatementUnreadable
from trading.statements.rows import CashRow, TradeRow

AMOUNT_LIMIT = Decimal("1e8")  # NUMERIC(10,2)
PRICE_LIMIT = Decimal("1e10")  # NUMERIC(15,5)
CLOCK_TOLERANCE = timedelta(days=2)


def reports_of(
    rows: Iterable[TradeRow | CashRow],
    continued_from: dict[str, str],
    offset: timedelta,
    now: datetime,
) -> Iterator[TradeReport]:
    """Yield a report for each row of a trade, its times in UTC.

    The broker's clock is `offset` ahead of UTC; `continued_from` maps the ticket of a
    trade's remainder to the ticket before it. Raises StatementUnreadable for values
    that the columns of trades cannot hold, and for trades of the future.
    """
    for row in rows:
        if isinstance(row, TradeRow):
            yield _report(row, continued_from.get(row.ticket), offset, now)


def _report(
    row: TradeRow, continued_from: str | None, offset: timedelta, now: datetime
) -> TradeReport:
    opened_at = _utc(row.opened_at, offset)
    closed_at = _utc(row.closed_at, offset) if row.closed_at else None
    if max(opened_at, closed_at or opened_at) > now + CLOCK_TOLERANCE:
        raise StatementUnreadable(
            _("line %(line)s: a trade of the future") % {"line": row.line}
        )
    if closed_at and closed_at < opened_at:
        raise StatementUnreadable(
            _("line %(line)s: closed before it opened") % {"line": row.line}
        )
    is_open = row.status == TradeStatus.OPEN
    is_cancelled = row.status == TradeStatus.CANCELLED
    lots = _amount(row.lots, row)
    if lots <= 0:
        raise StatementUnreadable(
            _("line %(line)s: a size of %(lots)s lots")
            % {"line": row.line, "lots": row.lots}
        )
    return TradeReport(
        ticket_number=row.ticket,
        symbol=row.symbol,
        trade_type=row.trade_type,
        status=row.status,
        lot_size=lots,
        open_price=_price(row.open_price, row),
        opened_at=opened_at,
        close_price=None if is_open else _price(row.close_price, row),
        closed_at=closed_at,
        stop_loss=_price(row.stop_loss, row),
        take_profit=_price(row.take_profit, row),
        # The schema has no column for taxes: they are a cost like commission.
        commission=_amount(row.commission + row.taxes, row),
        swap=_amount(row.swap, row),
        profit=None if is_cancelled else _amount(row.profit, row),
        magic_number=row.magic_number,
        comment=row.comment,
        continued_from=continued_from,
    )


def _utc(broker_time: datetime, offset: timedelta) -> datetime:
    return broker_time.replace(tzinfo=UTC) - offset


def _amount(amount: Decimal, row: TradeRow) -> Decimal:
    if abs(amount) >= AMOUNT_LIMIT:
        raise StatementUnreadable(
            _("line %(line)s: %(amount)s is out of range")
            % {"line": row.line, "amount": amount}
        )
    return rounded(amount, CENT)


def _price(price: Decimal, row: TradeRow) -> Decimal:
    if abs(price) >= PRICE_LIMIT:
        raise StatementUnreadable(
            _("line %(line)s: the price %(price)s is out of range")
            % {"line": row.line, "price": price}
        )
    return rounded(price, POINT)
