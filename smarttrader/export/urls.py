from django.urls import path

from smarttrader.export import api

api_urls = [path("me/export", api.MyExport.as_view(), name="api_my_export")]
