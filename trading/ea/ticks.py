"""EAs: report the prices of trades while they are open."""

from functools import partial

from django.http import HttpResponse

from bots.batches import BatchView
from smarttrader.lib.ea.fields import Fields
from trading.ea_fields import tick_counts, tick_of
from trading.services.ticks import record_ticks


class RecordTicks(BatchView):
    list_name = "ticks"

    def answer(self, fields: Fields) -> HttpResponse:  # noqa: ARG002
        batch = self.read_items(partial(tick_of, now=self.now))
        recorded = record_ticks(bot=self.running.bot, ticks=batch.items, now=self.now)
        return self.reply_to(batch, tick_counts(batch, recorded))
