"""EAs: say all at once, which is what an EA does on its timer."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from django.http import HttpResponse

from bots.authentication import BotView
from bots.batches import list_in, refuse_lapsed
from bots.ea_fields import heard_keys, heartbeat_of
from bots.log_fields import log_counts, log_of
from bots.services.heartbeats import Heartbeat
from smarttrader.lib.ea.batch import Batch, read_batch
from smarttrader.lib.ea.fields import Fields
from trading.ea_fields import tick_counts, tick_of, trade_counts, trade_of
from trading.services.sync import SyncReport, record_sync

Item = TypeVar("Item")


class Sync(BotView):
    """A heartbeat at the top, and up to three lists, each item taken by itself."""

    list_names = ("trades", "ticks", "logs")
    beat: Heartbeat

    @property
    def utc_offset(self) -> timedelta:
        """The broker's clock as this call tells it, else as it is known."""
        told = self.beat.utc_offset_minutes
        return super().utc_offset if told is None else timedelta(minutes=told)

    def answer(self, fields: Fields) -> HttpResponse:
        standing = self.running.standing
        self.beat = heartbeat_of(fields)
        trades = self._read("trades", trade_of)
        ticks = self._read("ticks", tick_of)
        logs = self._read("logs", log_of)
        recorded = record_sync(
            bot=self.running.bot,
            report=SyncReport(self.beat, trades.items, ticks.items, logs.items),
            now=self.now,
            is_licensed=standing.is_valid,
        )
        keys = heard_keys(recorded.heard, standing) | {
            "trades_accepted": trade_counts(trades, recorded.trades, standing).accepted,
            "ticks_accepted": tick_counts(ticks, recorded.ticks).accepted,
            "logs_accepted": log_counts(recorded.logs).accepted,
            **_rejections(trades=trades, ticks=ticks, logs=logs),
        }
        refuse_lapsed(standing, keys)
        if recorded.heard.came_back:
            return self.reply("RESURRECTED", "Good to hear you again.", **keys)
        return self.reply("ALIVE", "Noted.", **keys)

    def _read(self, name: str, read: Callable[..., Item]) -> Batch[Item]:
        items = list_in(self.body, name)
        return read_batch(items, self.fields_of, partial(read, now=self.now))


def _rejections(**batches: Batch[Any]) -> dict[str, Any]:
    rejected = [
        {"list": name, **rejection.as_reply()}
        for name, batch in batches.items()
        for rejection in batch.rejections()
    ]
    return {"rejected_count": len(rejected), "rejected": rejected}
