from django.urls import re_path

from bots.ea import activation, heartbeat, logs, settings

# With and without a trailing slash: an EA loses its body in a redirect.
ea_urls = [
    re_path(r"^activate/?$", activation.Activate.as_view(), name="ea_activate"),
    re_path(r"^validate/?$", activation.Validate.as_view(), name="ea_validate"),
    re_path(r"^deactivate/?$", activation.Deactivate.as_view(), name="ea_deactivate"),
    re_path(r"^heartbeat/?$", heartbeat.RecordHeartbeat.as_view(), name="ea_heartbeat"),
    re_path(r"^settings/?$", settings.Settings.as_view(), name="ea_settings"),
    re_path(r"^logs/?$", logs.RecordLogs.as_view(), name="ea_logs"),
]
