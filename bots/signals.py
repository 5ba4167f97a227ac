"""What bots announce, each within the transaction of its cause."""

from django.dispatch import Signal

# Both carry `bot` and `now`; a bot is announced online only after it was offline.
bot_offline = Signal()
bot_online = Signal()
# New lines of level ERROR in a bot's log. Arguments: bot, lines (LogLine), now.
errors_logged = Signal()

# A bot passed a limit: `bot`, `breach`, `now`; once a day for each limit.
guard_tripped = Signal()
# Nothing holds the bot any more: `bot`, `actor` (the system at the next day),
# `is_resumed` (it was told to trade on), `now`.
guard_lifted = Signal()
# The guard is on, and the account has another currency than its limits: `bot`,
# `limits_currency`, `now`.
guard_disarmed = Signal()
