"""Requests whose headers cannot be read."""

from typing import Any

from django.core.handlers.wsgi import WSGIRequest


class TolerantRequest(WSGIRequest):
    """A request, also with a Content-Type that Django fails on: then it has none.

    Django reads that header before any middleware, so its error would be a bare 500.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        try:
            super().__init__(environ)
        except (LookupError, ValueError):
            super().__init__({**environ, "CONTENT_TYPE": ""})
