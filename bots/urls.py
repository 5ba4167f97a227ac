from django.urls import re_path

from bots import ea

# With and without a trailing slash: an EA loses its body in a redirect.
ea_urls = [
    re_path(r"^activate/?$", ea.Activate.as_view(), name="ea_activate"),
    re_path(r"^deactivate/?$", ea.Deactivate.as_view(), name="ea_deactivate"),
    re_path(r"^heartbeat/?$", ea.RecordHeartbeat.as_view(), name="ea_heartbeat"),
]
