"""Files that are sent to the user API: a form, measured before it is read."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import MultiPartParser

from smarttrader.lib.api.parsers import TooLarge
from smarttrader.lib.bodies import ROOM_FOR_THE_REST


class UploadParser(MultiPartParser):
    """Reads a form with a file of at most `max_bytes`. Raises TooLarge (413)."""

    max_bytes: int

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        request = (parser_context or {})["request"]
        if int(request.META["CONTENT_LENGTH"]) > self.max_bytes + ROOM_FOR_THE_REST:
            raise TooLarge(f"A file has at most {self.max_bytes // 1024**2} MiB.")
        return super().parse(stream, media_type, parser_context)
