from django.urls import path

from notifications import api
from notifications.pages import (
    digests,
    inbox,
    preferences,
    telegram,
    unsubscribing,
    webhooks,
)

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

SETTINGS = "settings/notifications"
page_urls = [
    path("notifications/", inbox.inbox, name="notifications"),
    path("notifications/read/", inbox.read_all, name="notifications_read"),
    path("notifications/unread/", inbox.unread, name="notifications_unread"),
    path("notifications/digest/", digests.preview, name="digest_preview"),
    path("notifications/digest/choose/", digests.choose, name="digest_choose"),
    path("notifications/digest/stop/<str:token>/", digests.stop, name="digest_stop"),
    path("notifications/<uuid:pk>/read/", inbox.read, name="notification_read"),
    path(
        f"{SETTINGS}/", preferences.notification_settings, name="notification_settings"
    ),
    path(f"{SETTINGS}/telegram/link/", telegram.link, name="telegram_link"),
    path(f"{SETTINGS}/telegram/unlink/", telegram.unlink, name="telegram_unlink"),
    path(f"{SETTINGS}/webhooks/", webhooks.add, name="webhooks"),
    path(f"{SETTINGS}/webhooks/<uuid:pk>/", webhooks.endpoint, name="webhook"),
    path(
        f"{SETTINGS}/webhooks/<uuid:pk>/secret/", webhooks.secret, name="webhook_secret"
    ),
    path(f"{SETTINGS}/webhooks/<uuid:pk>/test/", webhooks.test, name="webhook_test"),
    path(
        f"{SETTINGS}/webhooks/<uuid:pk>/switch/", webhooks.switch, name="webhook_switch"
    ),
    path(
        f"{SETTINGS}/webhooks/<uuid:pk>/remove/", webhooks.remove, name="webhook_remove"
    ),
    path(
        f"{SETTINGS}/webhooks/<uuid:pk>/deliveries/<uuid:delivery_id>/",
        webhooks.deliver_again,
        name="webhook_deliver_again",
    ),
    path("unsubscribe/<str:token>/", unsubscribing.unsubscribe, name="unsubscribe"),
]
