from django.urls import path

from notifications import api

api_urls = [
    path(
        "notifications",
        api.Notifications.as_view({"get": "list"}),
        name="api_notifications",
    ),
    path(
        "notifications/<uuid:pk>",
        api.Notifications.as_view({"get": "retrieve"}),
        name="api_notification",
    ),
    path(
        "notifications/<uuid:pk>/read",
        api.Notifications.as_view({"post": "read"}),
        name="api_notification_read",
    ),
    path(
        "notifications/read-all",
        api.Notifications.as_view({"post": "read_all"}),
        name="api_notifications_read_all",
    ),
]
