"""The table of contents: every path of the site, by door."""

from django.contrib import admin
from django.urls import include, path, re_path

import accounts.urls
import analytics.urls
import bots.urls
import smarttrader.export.urls
import smarttrader.operations.urls
import trading.urls
from smarttrader.lib.api.views import UnknownPath
from smarttrader.lib.ea.view import UnknownCall

ea_urls = [
    *bots.urls.ea_urls,
    *trading.urls.ea_urls,
    re_path("", UnknownCall.as_view()),
]

api_urls = [
    *accounts.urls.api_urls,
    *smarttrader.export.urls.api_urls,
]

urlpatterns = [
    *smarttrader.operations.urls.probe_urls,
    path("", include(analytics.urls.page_urls)),
    path("", include(trading.urls.page_urls)),
    # Also without its slash: Django would redirect there, and an EA lose its body.
    path("api/v1/ea", UnknownCall.as_view()),
    path("api/v1/ea/", include(ea_urls)),
    path("api/v1/", include(api_urls)),
    re_path("^api/", UnknownPath.as_view()),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "smarttrader.errors.bad_request"
handler500 = "smarttrader.errors.server_error"
