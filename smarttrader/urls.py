"""The table of contents: every path of the site, by door."""

from django.contrib import admin
from django.urls import include, path

import analytics.urls

urlpatterns = [
    path("", include(analytics.urls.page_urls)),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
