from django.urls import path, re_path

from trading import ea, pages

# With and without a trailing slash: an EA loses its body in a redirect.
ea_urls = [
    re_path(r"^trades/?$", ea.RecordTrades.as_view(), name="ea_trades"),
    re_path(r"^ticks/?$", ea.RecordTicks.as_view(), name="ea_ticks"),
]

page_urls = [
    path("trades/", pages.trades, name="trades"),
    path("trades/export.csv", pages.export, name="trades_export"),
]
