"""Bytes on their way into the store: a file that nobody reads yet, and its digests."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import google_crc32c

from emulator.api.errors import ApiError

CHUNK = 1 << 20


class Sums:
    """The digests of bytes that come one after the other."""

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._crc32c = 0
        self.size = 0

    def add(self, chunk: bytes) -> None:
        """Takes the next bytes in."""
        self._md5.update(chunk)
        self._crc32c = google_crc32c.extend(self._crc32c, chunk)
        self.size += len(chunk)

    @property
    def md5(self) -> str:
        """MD5, base64 as the API has it."""
        return base64.b64encode(self._md5.digest()).decode()

    @property
    def crc32c(self) -> str:
        """CRC32C, likewise."""
        return base64.b64encode(self._crc32c.to_bytes(4, "big")).decode()

    def require(self, announced: Mapping[str, str]) -> None:
        """Holds them against those that a writer has announced, crc32c and md5Hash.

        Raises:
            ApiError: INVALID_ARGUMENT.
        """
        for name, found in (("crc32c", self.crc32c), ("md5Hash", self.md5)):
            wanted = announced.get(name)
            if wanted and wanted != found:
                raise ApiError(
                    "INVALID_ARGUMENT", f'Provided {name} "{wanted}" doesn\'t match calculated {name} "{found}".'
                )


class Draft:
    """A new file in the store's folder. It is an object's from the moment on that a record names it.

    Args:
        folder: The store's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.name = secrets.token_hex(16)
        self.sums = Sums()
        self._path = folder / self.name
        self._file: BinaryIO = self._path.open("xb")
        # A request that is given up discards its draft, while another thread may be making an object of it.
        self._lock = threading.Lock()
        self._is_kept = self._is_discarded = False

    def write(self, chunk: bytes) -> None:
        """Takes the next bytes in."""
        self._file.write(chunk)
        self.sums.add(chunk)

    def copy(self, source: Path) -> None:
        """Takes the bytes of a file in."""
        with source.open("rb") as file:
            while chunk := file.read(CHUNK):
                self.write(chunk)

    def finish(self) -> None:
        """Brings the bytes to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def keep(self) -> None:
        """Leaves the file to the record that is about to name it; without one, the next start removes it.

        Raises:
            OSError: It is discarded already.
        """
        with self._lock:
            if self._is_discarded:
                raise OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))
            self._is_kept = True

    def discard(self) -> None:
        """Removes the file, unless a record may name it."""
        with self._lock:
            if self._is_kept:
                return
            self._is_discarded = True
            self._file.close()
            self._path.unlink(missing_ok=True)


def sums_of(path: Path) -> Sums:
    """The digests of a file."""
    sums = Sums()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            sums.add(chunk)
    return sums
