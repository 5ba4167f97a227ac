"""How much a page is: what goes over the line while a browser opens it."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from playwright.sync_api import Page, Response

KILOBYTE = 1000


@contextmanager
def weighed(page: Page) -> Iterator[dict[str, int]]:
    """Yield what the page loads meanwhile: bytes that travel, by address."""
    sizes: dict[str, int] = {}

    def weigh(response: Response) -> None:
        # Only here does WhiteNoise find files on the way, and not compressed before.
        is_file = f"/{settings.STATIC_URL.strip('/')}/" in response.url
        sizes[response.url] = (
            len(gzip.compress(response.body() if response.ok else b""))
            if is_file
            else int(response.headers.get("content-length", 0))
        )

    page.on("response", weigh)
    yield sizes
    page.remove_listener("response", weigh)
