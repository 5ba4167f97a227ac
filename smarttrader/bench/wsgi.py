"""The product's own WSGI application with two more paths to compare it with."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smarttrader.settings")

from django.conf import settings

settings.ROOT_URLCONF = "smarttrader.bench.urls"

from smarttrader.wsgi import application  # noqa: E402 -- the paths are chosen first

__all__ = ["application"]
