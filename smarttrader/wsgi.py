"""The web tier's entry: what granian or any WSGI server loads."""

import os

# A page that takes longer than this is a bug; jobs and commands have their own limit.
os.environ.setdefault("DATABASE_STATEMENT_TIMEOUT_SECONDS", "5")
os.environ.setdefault("DATABASE_POOL_SIZE", "10")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smarttrader.settings")

from django.core.wsgi import get_wsgi_application

from smarttrader.lib.requests import TolerantRequest
from smarttrader.lib.startup import refuse_unsafe_secrets

application = get_wsgi_application()
application.request_class = TolerantRequest
refuse_unsafe_secrets()
