from django.urls import path

from notifications import api
from notifications.pages import digests, inbox

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
        "notifications/unread-count",
        api.Notifications.as_view({"get": "unread"}),
        name="api_notifications_unread",
    ),
    path(
        "notifications/read-all",
        api.Notifications.as_view({"post": "read_all"}),
        name="api_notifications_read_all",
    ),
]

page_urls = [
    path("notifications/", inbox.inbox, name="notifications"),
    path("notifications/read/", inbox.read_all, name="notifications_read"),
    path("notifications/unread/", inbox.unread, name="notifications_unread"),
    path("notifications/digest/", digests.preview, name="digest_preview"),
    path("notifications/digest/choose/", digests.choose, name="digest_choose"),
    path("notifications/digest/stop/<str:token>/", digests.stop, name="digest_stop"),
    path("notifications/<uuid:pk>/read/", inbox.read, name="notification_read"),
]
