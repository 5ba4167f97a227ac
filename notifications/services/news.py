"""News of bots: noted by each call of an EA, told by a sweep, one message for a bot.

Of errors that go on error_series.py tells.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import ngettext_lazy

from bots.models import BotInstance
from bots.services.logs import LogLine
from notifications.models import BotNews, Event
from notifications.services import error_series
from notifications.services.telling import Words, tell_of_bot
from trading.models import TradeStatus
from trading.services.trades import TradeReport

# An EA that starts again sends its whole history, which is no news.
NEWS_FOR = timedelta(days=1)
MOST_LINES = 10
MOST_LINE_CHARACTERS = 200
BOTS_AT_ONCE = 500


def note_trades(
    *, bot: BotInstance, reports: Sequence[TradeReport], now: datetime
) -> None:
    """Note trades that opened or closed within the last day: one INSERT, or none."""
    since = now - NEWS_FOR
    opened = [
        each
        for each in reports
        if each.status == TradeStatus.OPEN and each.opened_at >= since
    ]
    closed = [
        each
        for each in reports
        if each.status == TradeStatus.CLOSED
        and each.closed_at is not None
        and each.closed_at >= since
    ]
    noted = []
    if opened:
        noted.append(_news(bot, Event.TRADE_OPENED, map(_opening, opened), len(opened)))
    if closed:
        news = _news(bot, Event.TRADE_CLOSED, map(_closing, closed), len(closed))
        news.net = sum(map(_net, closed), Decimal(0))
        noted.append(news)
    if noted:
        BotNews.objects.bulk_create(noted)


def note_errors(*, bot: BotInstance, lines: Sequence[LogLine], now: datetime) -> None:
    """Note errors that a bot logged within the last day: one INSERT, or none."""
    since = now - NEWS_FOR
    recent = [line.message for line in lines if (line.created_at or now) >= since]
    if recent:
        _news(bot, Event.ERROR_LOGGED, recent, len(recent)).save(force_insert=True)


def tell_news(*, now: datetime) -> int:
    """Tell owners what their bots have done since the last sweep; count the messages.

    A bot and event is one message, in a transaction of its own, which takes away what
    it tells of: of two sweeps one finds it. Errors that go on are held, and told less
    and less often.
    """
    bots = BotNews.objects.order_by().values_list("bot_instance", flat=True).distinct()
    found = BotInstance.objects.select_related("user").in_bulk(
        list(bots[:BOTS_AT_ONCE])
    )
    told = sum(_tell_of(bot, now) for _pk, bot in sorted(found.items()))
    return told + error_series.tell_due(now=now)


def _tell_of(bot: BotInstance, now: datetime) -> int:
    with transaction.atomic():
        # Those of a call that commits meanwhile are not among them, and stay.
        taken = BotNews.objects.filter(bot_instance=bot).select_for_update(
            skip_locked=True
        )
        by_event: dict[str, list[BotNews]] = defaultdict(list)
        for news in taken.order_by("pk"):
            by_event[news.event].append(news)
        told = sum(
            _tell(bot, Event(event), several, now)
            for event, several in sorted(by_event.items())
        )
        BotNews.objects.filter(
            pk__in=[news.pk for several in by_event.values() for news in several]
        ).delete()
    return told


def _tell(
    bot: BotInstance, event: Event, several: Sequence[BotNews], now: datetime
) -> int:
    if event == Event.ERROR_LOGGED:
        return error_series.add_errors(bot=bot, news=several, now=now)
    count = sum(news.count for news in several)
    lines = [line for news in several for line in news.lines][:MOST_LINES]
    message: Words = "\n".join(lines)
    left = count - len(lines)
    if left:
        more = ngettext_lazy("and {number} more", "and {number} more", left)
        message = format_lazy("{}\n{}", message, format_lazy(more, number=left))
    tell_of_bot(
        bot=bot,
        event=event,
        title=_title(bot, event, several, count),
        message=message,
        now=now,
        metadata={"count": count},
    )
    return 1


def _title(
    bot: BotInstance, event: Event, several: Sequence[BotNews], count: int
) -> Words:
    net = sum((news.net for news in several if news.net is not None), Decimal(0))
    words = {
        Event.TRADE_OPENED: ngettext_lazy(
            "{bot} opened {count} trade", "{bot} opened {count} trades", count
        ),
        Event.TRADE_CLOSED: ngettext_lazy(
            "{bot} closed {count} trade: {net}",
            "{bot} closed {count} trades: {net}",
            count,
        ),
    }
    amount = f"{_signed(net)} {bot.account_currency}".strip()
    return format_lazy(words[event], bot=bot.instance_name, count=count, net=amount)


def _news(bot: BotInstance, event: Event, lines: Iterable[str], count: int) -> BotNews:
    shown = [line[:MOST_LINE_CHARACTERS] for line in lines][:MOST_LINES]
    return BotNews(bot_instance=bot, event=event, count=count, lines=shown)


def _opening(trade: TradeReport) -> str:
    return f"{_order(trade)} @ {trade.open_price}"


def _closing(trade: TradeReport) -> str:
    prices = f"{trade.open_price} → {trade.close_price}"
    return f"{_order(trade)} @ {prices}: {_signed(_net(trade))}"


def _order(trade: TradeReport) -> str:
    return f"#{trade.ticket_number} {trade.trade_type} {trade.lot_size} {trade.symbol}"


def _net(trade: TradeReport) -> Decimal:
    told = (trade.profit, trade.commission, trade.swap)
    return sum((part for part in told if part is not None), Decimal(0))


def _signed(amount: Decimal) -> str:
    """Return an amount with its sign; minus is U+2212."""
    return f"{amount:+.2f}".replace("-", "\N{MINUS SIGN}")
