"""The web tier's entry: what granian or any WSGI server loads."""

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

from smarttrader.lib.requests import TolerantRequest
from smarttrader.lib.startup import refuse_unsafe_secrets

application = get_wsgi_application()
application.request_class = TolerantRequest
refuse_unsafe_secrets()
