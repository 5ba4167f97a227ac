"""What bots announce, each within the transaction of its cause."""

from django.dispatch import Signal

# Both carry `bot` and `now`; a bot is announced online only after it was offline.
bot_offline = Signal()
bot_online = Signal()
# New lines of level ERROR in a bot's log. Arguments: bot, lines (LogLine), now.
errors_logged = Signal()
