"""The web tier's entry: what granian or any WSGI server loads."""

import gc
import os
from pathlib import Path

# A page that takes longer than this is a bug; jobs and commands have their own limit.
os.environ.setdefault("DATABASE_STATEMENT_TIMEOUT_SECONDS", "5")
os.environ.setdefault("DATABASE_POOL_SIZE", "10")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smarttrader.settings")

from smarttrader.lib.shared_counts import DIRECTORY_VARIABLE, share_counts

# Before anything imports prometheus_client. A folder that is given is shared as it is.
if DIRECTORY_VARIABLE not in os.environ:
    share_counts(Path(__file__).resolve().parent.parent / "var" / "metrics")

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from smarttrader.lib.requests import TolerantRequest
from smarttrader.lib.startup import refuse_unsafe_secrets

application = get_wsgi_application()
application.request_class = TolerantRequest
refuse_unsafe_secrets()

# What was loaded stays: one page in fifteen waited 100 ms for the collector to walk
# through all of it. The views are loaded by the first request, or here.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
