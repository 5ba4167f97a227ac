"""The table of contents: every path of the site, by door."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

import accounts.urls
import analytics.urls
import billing.urls
import bots.urls
import licensing.urls
import notifications.urls
import smarttrader.export.urls
import smarttrader.operations.urls
import trading.urls
from smarttrader.lib.api.views import UnknownPath
from smarttrader.lib.ea.view import UnknownCall
from smarttrader.openapi import views as openapi

ea_urls = [
    *bots.urls.ea_urls,
    *trading.urls.ea_urls,
    re_path("", UnknownCall.as_view()),
]

api_urls = [
    *accounts.urls.api_urls,
    *licensing.urls.api_urls,
    *bots.urls.api_urls,
    *billing.urls.api_urls,
    *trading.urls.api_urls,
    *analytics.urls.api_urls,
    *notifications.urls.api_urls,
    *smarttrader.export.urls.api_urls,
    path("schema/", openapi.schema, name="api_schema"),
    path("docs/", openapi.docs, name="api_docs"),
]

# Before its paths are asked for: staff sign in where everybody does.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

PASSWORD_PAGE = "/accounts/password/change/"  # noqa: S105 -- a path

urlpatterns = [
    # First, as nearly all calls are theirs.
    path("api/v1/ea/", include(ea_urls)),
    # Also without its slash: Django would redirect there, and an EA lose its body.
    path("api/v1/ea", UnknownCall.as_view()),
    path("api/v1/", include(api_urls)),
    re_path("^api/", UnknownPath.as_view()),
    *smarttrader.operations.urls.probe_urls,
    path("", include(accounts.urls.page_urls)),
    path("", include(smarttrader.export.urls.page_urls)),
    path("", include(bots.urls.page_urls)),
    path("", include(analytics.urls.page_urls)),
    path("", include(trading.urls.page_urls)),
    path("", include(billing.urls.page_urls)),
    path("", include(notifications.urls.page_urls)),
    # The same account pages as everywhere: with limits, and a second factor.
    path("admin/password_change/", RedirectView.as_view(url=PASSWORD_PAGE)),
    path("admin/", admin.site.urls),
]

handler400 = "smarttrader.errors.bad_request"
handler500 = "smarttrader.errors.server_error"
handler429 = accounts.urls.too_many_attempts
