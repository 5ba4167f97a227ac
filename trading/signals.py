"""What trading announces, each within the transaction of its cause."""

from django.dispatch import Signal

# An EA reported trades that opened or ended. Arguments: bot, reports (TradeReport, each
# of which opened or ended its trade), now.
trades_turned = Signal()
