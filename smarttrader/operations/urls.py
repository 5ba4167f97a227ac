from django.urls import path

from smarttrader.operations import pages

# Their paths stand in smarttrader.middleware.PROBES, too.
probe_urls = [
    path("healthz", pages.healthz, name="healthz"),
    path("readyz", pages.readyz, name="readyz"),
    path("metrics", pages.metrics, name="metrics"),
]
