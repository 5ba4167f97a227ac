"""The list of trades as a file that a spreadsheet opens."""

from collections.abc import Iterable, Iterator

from smarttrader.lib import spreadsheets
from trading.models import Trade

COLUMNS = [
    "ticket",
    "bot",
    "account",
    "broker",
    "symbol",
    "side",
    "status",
    "lots",
    "opened_at",
    "open_price",
    "closed_at",
    "close_price",
    "stop_loss",
    "take_profit",
    "commission",
    "swap",
    "profit",
    "net",
    "currency",
    "strategy",
    "magic_number",
    "comment",
]


def _rows(trades: Iterable[Trade]) -> Iterator[list[spreadsheets.Cell]]:
    for trade in trades:
        bot = trade.bot_instance
        yield [
            trade.ticket_number,
            bot.instance_name,
            bot.mt4_account,
            bot.broker_name,
            trade.symbol,
            trade.trade_type,
            trade.status,
            trade.lot_size,
            trade.opened_at,
            trade.open_price,
            trade.closed_at,
            trade.close_price,
            trade.stop_loss,
            trade.take_profit,
            trade.commission,
            trade.swap,
            trade.profit,
            trade.net_profit,
            bot.account_currency,
            trade.strategy_used,
            trade.magic_number,
            trade.comment,
        ]


def csv_lines(trades: Iterable[Trade]) -> Iterator[str]:
    """Yield trades, read with their bots, as lines of CSV below a header."""
    return spreadsheets.lines(COLUMNS, _rows(trades))
