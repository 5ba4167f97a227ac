"""EAs: write into the bot's log."""

from functools import partial

from django.http import HttpResponse

from bots.batches import BatchView
from bots.log_fields import log_counts, log_of
from bots.services.logs import record_logs
from smarttrader.lib.ea.fields import Fields


class RecordLogs(BatchView):
    list_name = "logs"

    def answer(self, fields: Fields) -> HttpResponse:  # noqa: ARG002
        batch = self.read_items(partial(log_of, now=self.now))
        recorded = record_logs(bot=self.running.bot, logs=batch.items, now=self.now)
        return self.reply_to(batch, log_counts(recorded))
