from django.urls import path

from licensing import api

api_urls = [
    path("plans", api.Plans.as_view({"get": "list"}), name="api_plans"),
]
