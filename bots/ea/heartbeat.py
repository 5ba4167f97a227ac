"""EAs: say that the bot is alive, and hear what its owner wants."""

from django.http import HttpResponse

from bots.authentication import BotView
from bots.ea_fields import heard_keys, heartbeat_of
from bots.services import heartbeats
from smarttrader.lib.ea.fields import Fields
from smarttrader.lib.ea.refusals import EaRefusal


class RecordHeartbeat(BotView):
    def answer(self, fields: Fields) -> HttpResponse:
        standing = self.running.standing
        heard = heartbeats.record_heartbeat(
            bot=self.running.bot, beat=heartbeat_of(fields), now=self.now
        )
        keys = heard_keys(heard, standing)
        if not standing.is_valid:
            raise EaRefusal(403, standing.code, standing.message, values=keys)
        if heard.came_back:
            return self.reply("RESURRECTED", "Good to hear you again.", **keys)
        return self.reply("ALIVE", "Noted.", **keys)
