"""The product's own WSGI application with two more paths to compare it with."""

from django.conf import settings

# First: it chooses the pool of connections before the settings are read.
from smarttrader.wsgi import application

settings.ROOT_URLCONF = "smarttrader.bench.urls"

__all__ = ["application"]
