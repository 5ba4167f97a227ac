"""EAs: report trades."""

from functools import partial

from django.http import HttpResponse

from bots.batches import BatchView
from smarttrader.lib.ea.fields import Fields
from trading.ea_fields import trade_counts, trade_of
from trading.services.trades import record_trades


class RecordTrades(BatchView):
    list_name = "trades"

    def answer(self, fields: Fields) -> HttpResponse:  # noqa: ARG002
        standing = self.running.standing
        batch = self.read_items(partial(trade_of, now=self.now))
        recorded = record_trades(
            bot=self.running.bot,
            reports=batch.items,
            now=self.now,
            is_licensed=standing.is_valid,
        )
        return self.reply_to(batch, trade_counts(batch, recorded, standing))
