"""Where archive files lie: ARCHIVE_DIR, a folder or the URL of an object store."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, cast

import fsspec
from django.conf import settings
from fsspec.implementations.arrow import ArrowFSWrapper
from pyarrow import fs as arrow_fs

from smarttrader.lib.ids import uuid7

CHUNK = 1024 * 1024
UNFINISHED = ".unfinished"


class HashingSink(io.RawIOBase):
    """Hands on what is written to it, and knows its sha256 and size."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        octets = bytes(data)
        self._stream.write(octets)
        self._hash.update(octets)
        self.size += len(octets)
        return len(octets)

    def tell(self) -> int:
        return self.size

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


class ArchiveStorage:
    """The files below ARCHIVE_DIR, named by paths relative to it."""

    def __init__(self) -> None:
        self._fs, self._root = _file_system(str(settings.ARCHIVE_DIR))

    @contextmanager
    def new_file(self, path: str) -> Iterator[HashingSink]:
        """Write a file that stands under its name only once it is whole.

        Refuses to replace one: an archive may be all that is left of its rows.
        """
        target = self._full(path)
        unfinished = f"{target}.{uuid7().hex}{UNFINISHED}"
        self._fs.makedirs(unfinished.rpartition("/")[0], exist_ok=True)
        try:
            with self._fs.open(unfinished, "wb") as stream:
                yield HashingSink(cast("BinaryIO", stream))
            self._give_name(unfinished, target)
        except BaseException:
            with suppress(FileNotFoundError):
                self._fs.rm(unfinished)
            raise

    def remove_unfinished(self, folder: str, partition: str) -> None:
        """Remove what killed runs have left of files that they did not finish."""
        for name in self.names(folder):
            if name.startswith(f"{partition}.") and name.endswith(UNFINISHED):
                self._fs.rm(self._full(f"{folder}/{name}"))

    def remove(self, path: str) -> None:
        """Remove a file; one that is not there is no error."""
        with suppress(FileNotFoundError):
            self._fs.rm(self._full(path))

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        with self._fs.open(self._full(path), "rb") as stream:
            yield cast("BinaryIO", stream)

    def sha256(self, path: str) -> str:
        """Return the hash of a whole file, read in flat memory."""
        digest = hashlib.sha256()
        with self.open(path) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    def size(self, path: str) -> int:
        return int(self._fs.size(self._full(path)))

    def names(self, folder: str) -> set[str]:
        """Return the names of a folder's files; of one that is not there, none."""
        try:
            found = self._fs.ls(self._full(folder), detail=False)
        except FileNotFoundError:
            return set()
        return {str(path).rpartition("/")[2] for path in found}

    def _give_name(self, unfinished: str, target: str) -> None:
        if self._fs.exists(target):
            raise FileExistsError(target)
        self._fs.mv(unfinished, target)

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}"


def _file_system(location: str) -> tuple[Any, str]:
    if location.startswith("s3://"):
        # Arrow speaks S3 by itself; fsspec would want another package for it.
        store, root = arrow_fs.FileSystem.from_uri(location)
        return ArrowFSWrapper(store), root.rstrip("/")
    # Listings are not remembered: two workers may share the folder.
    store, root = fsspec.core.url_to_fs(location, use_listings_cache=False)
    return store, root.rstrip("/")
