from django.urls import path

from notifications import api, pages

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

page_urls = [
    path("notifications/", pages.inbox, name="notifications"),
    path("notifications/read/", pages.read_all, name="notifications_read"),
    path("notifications/unread/", pages.unread, name="notifications_unread"),
    path("notifications/<uuid:pk>/read/", pages.read, name="notification_read"),
]
