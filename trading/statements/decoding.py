"""Bytes of a statement to UTF-8, whatever they were: text must never block an import.

No statement declares its charset (ascii, cp1251, cp932 and GBK are seen). Its numbers
are ASCII in all of them, so a wrong guess costs names and comments at worst.
"""

import codecs
from collections.abc import Callable
from typing import BinaryIO

from charset_normalizer import from_bytes
from django.utils.translation import gettext_lazy as _

from smarttrader.lib.errors import DomainError

SAMPLE_BYTES = 64 * 1024
CHUNK_BYTES = 64 * 1024
GUESSES = ["cp1251", "cp932", "gbk", "cp1252", "cp1250"]
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class EncodingUnknown(DomainError):
    code = "ENCODING_UNKNOWN"
    title = _("No text encoding has this name")
    kind = "invalid"


def detect_encoding(stream: BinaryIO) -> str:
    """Return the encoding that the stream most likely has, and go back to its start."""
    beginning = stream.read(len(codecs.BOM_UTF8))
    stream.seek(0)
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if beginning.startswith(mark):
            return encoding
    foreign = _foreign_lines(stream)
    stream.seek(0)
    try:
        foreign.decode()
    except UnicodeDecodeError:
        best = from_bytes(foreign, cp_isolation=GUESSES).best()
        return best.encoding if best else "cp1252"
    return "utf-8"


def _foreign_lines(stream: BinaryIO) -> bytes:
    """Return the first lines that are not ASCII: mostly they are few, and far down."""
    lines, size = [], 0
    while size < SAMPLE_BYTES and (line := stream.readline(CHUNK_BYTES)):
        if not line.isascii():
            lines.append(line)
            size += len(line)
    return b"".join(lines)


class Utf8Stream:
    """A binary stream, re-coded to valid UTF-8 chunk by chunk."""

    def __init__(
        self,
        stream: BinaryIO,
        encoding: str,
        on_progress: Callable[[int], None] | None = None,
    ) -> None:
        try:
            # Python's codecs know more than text (hex, zip, idna): those fail here.
            "".encode(encoding)
            decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
            decoder.decode(b"a")
            decoder.reset()
        except (LookupError, ValueError) as error:
            raise EncodingUnknown(
                _("no text encoding is called %(encoding)s")
                % {"encoding": f"{encoding!r}"}
            ) from error
        self._stream = stream
        self._decoder = decoder
        self._on_progress = on_progress
        self._bytes_read = 0

    def read(self, _size: int = -1) -> bytes:
        """Return the next chunk, of about 64 kB; empty at the end."""
        while chunk := self._stream.read(CHUNK_BYTES):
            self._bytes_read += len(chunk)
            if self._on_progress:
                self._on_progress(self._bytes_read)
            if text := self._decoder.decode(chunk):
                return self._encoded(text)
        rest = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return self._encoded(rest)

    @staticmethod
    def _encoded(text: str) -> bytes:
        return text.replace("\0", "").encode("utf-8", "replace")
