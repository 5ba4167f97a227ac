from django.urls import re_path

from trading import ea

# With and without a trailing slash: an EA loses its body in a redirect.
ea_urls = [
    re_path(r"^trades/?$", ea.RecordTrades.as_view(), name="ea_trades"),
    re_path(r"^ticks/?$", ea.RecordTicks.as_view(), name="ea_ticks"),
]
