"""The document as it is served: made by `make openapi`, kept beside the other docs."""

import json
from functools import cache
from typing import Any

from django.conf import settings

FILE = settings.BASE_DIR / "docs" / "openapi.json"


@cache
def text() -> str:
    content: str = FILE.read_text()
    return content


@cache
def document() -> dict[str, Any]:
    """Return the document; whoever reads it changes nothing in it."""
    parsed: dict[str, Any] = json.loads(text())
    return parsed
