"""Trades that open and close, and statements that were read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.dispatch import receiver
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from analytics.signals import statement_imported
from bots.models import BotInstance
from notifications.models import Event
from notifications.services import news
from notifications.services.telling import Words, tell
from trading.models import StatementImport
from trading.services.trades import TradeReport
from trading.signals import trades_turned


@receiver(trades_turned)
def note_trades(
    bot: BotInstance, reports: Sequence[TradeReport], now: datetime, **_kwargs: Any
) -> None:
    # The row that authenticated the call knows it: who does not care costs nothing.
    if bot.license.user.follows_trades:
        news.note_trades(bot=bot, reports=reports, now=now)


@receiver(statement_imported)
def tell_imported(
    user: User, record: StatementImport, mismatches: int, now: datetime, **_kwargs: Any
) -> None:
    agreement: Words = _("All of its figures agree with ours.")
    if mismatches:
        agreement = format_lazy(
            _("Figures that do not agree with ours: {number}."), number=mismatches
        )
    tell(
        user=user,
        event=Event.STATEMENT_IMPORTED,
        title=_("A statement is imported"),
        message=format_lazy("{}: {}", record.file_name, agreement),
        now=now,
        metadata={"statement_id": str(record.pk)},
    )
