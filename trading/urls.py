from django.urls import path, re_path

from trading.api import trades as api
from trading.ea import sync, ticks, trades
from trading.pages import trade as trade_page
from trading.pages import trades as trades_pages

# With and without a trailing slash: an EA loses its body in a redirect.
ea_urls = [
    re_path(r"^trades/?$", trades.RecordTrades.as_view(), name="ea_trades"),
    re_path(r"^ticks/?$", ticks.RecordTicks.as_view(), name="ea_ticks"),
    re_path(r"^sync/?$", sync.Sync.as_view(), name="ea_sync"),
]

api_urls = [
    path("trades", api.Trades.as_view({"get": "list"}), name="api_trades"),
    path("trades.csv", api.Trades.as_view({"get": "export"}), name="api_trades_csv"),
    path("trades/<uuid:pk>", api.Trades.as_view({"get": "retrieve"}), name="api_trade"),
    path(
        "trades/<uuid:pk>/history",
        api.Ticks.as_view({"get": "list"}),
        name="api_trade_history",
    ),
]

page_urls = [
    path("trades/", trades_pages.trades, name="trades"),
    path("trades/export.csv", trades_pages.export, name="trades_export"),
    path("trades/<uuid:pk>/", trade_page.trade, name="trade"),
]
