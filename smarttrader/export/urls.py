from django.urls import path

from smarttrader.export import api, pages

api_urls = [path("me/export", api.MyExport.as_view(), name="api_my_export")]
page_urls = [path("settings/export/", pages.export, name="settings_export")]
