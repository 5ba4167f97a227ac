from django.urls import path

from billing import api

api_urls = [
    path(
        "subscriptions",
        api.Subscriptions.as_view({"get": "list"}),
        name="api_subscriptions",
    ),
    path(
        "subscriptions/<uuid:pk>",
        api.Subscriptions.as_view({"get": "retrieve"}),
        name="api_subscription",
    ),
]
