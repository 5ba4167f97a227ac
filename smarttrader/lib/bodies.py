"""Bodies of requests: are they measured, and what is left of one that nobody read."""

from contextlib import suppress

from django.http import HttpRequest

BODY_METHODS = ("POST", "PUT", "PATCH")
# What a form has beside its file: names, boundaries, a few short values.
ROOM_FOR_THE_REST = 64 * 1024
CHUNK_BYTES = 64 * 1024
MOST_DISCARDED = 256 * 1024**2


def is_unmeasured(request: HttpRequest) -> bool:
    """Tell whether a body comes without a Content-Length, or with an odd one."""
    if "Transfer-Encoding" in request.headers:
        return True
    length = request.META.get("CONTENT_LENGTH") or ""
    if length:
        return not (length.isascii() and length.isdigit())
    # Many clients name a type also where they send nothing.
    return request.method in BODY_METHODS and bool(request.META.get("CONTENT_TYPE"))


def discard_rest(request: HttpRequest) -> None:
    """Read what nobody read of the body, up to a limit, and keep nothing of it.

    A client that still sends while the connection closes never sees the answer.
    """
    if hasattr(request, "_body"):  # it was read as a whole
        return
    stream = request._stream  # noqa: SLF001
    if request.META.get("wsgi.input_terminated"):  # it ends also without a length
        stream = request.META["wsgi.input"]
    with suppress(OSError):  # the client is gone
        for _ in range(MOST_DISCARDED // CHUNK_BYTES):
            if not stream.read(CHUNK_BYTES):
                return
