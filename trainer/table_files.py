"""Where tables lie: paths, globs, folders and URLs, opened as streams of bytes."""

from __future__ import annotations

import bz2
import glob
import gzip
import io
import lzma
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from trainer.errors import DataError
from trainer.storage import locate, open_bytes
from trainer.waiting import told_when_slow

_UNPACKERS: dict[str, Callable[[IO[bytes]], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_TABLE_SUFFIXES = (".csv", *(f".csv{suffix}" for suffix in _UNPACKERS))


class UnreadableFileError(Exception):
    """A file that cannot be opened, read or unpacked; the message says why, without the file's name."""


def expand(patterns: Sequence[str]) -> list[str]:
    """The files that patterns stand for.

    Args:
        patterns: Local paths, globs, folders (all CSV files in them) or fsspec URLs, gs://bucket/*.csv.

    Returns:
        Paths and URLs in the order of the patterns, sorted within each, every file once.

    Raises:
        DataError: Patterns that match no file; all of them are named.
    """
    found: dict[str, str] = {}
    problems = []
    for pattern in patterns:
        try:
            matches = _matches(pattern)
        except (OSError, ValueError, ImportError) as error:
            problems.append(f"{pattern} cannot be looked up: {_reason(error)}. Check the address.")
            continue
        if not matches:
            problems.append(f"{pattern} matches no file. Check the path, seen from {_vantage(pattern)}.")
        for match in matches:
            found.setdefault(match if "://" in match else os.path.realpath(match), match)
    if problems:
        raise DataError(problems)
    return list(found.values())


@contextmanager
def open_table(url: str, digests: Sequence[Any] = ()) -> Iterator[IO[bytes]]:
    """Opens a table as a stream of its bytes, unpacked where its name ends in .gz, .bz2 or .xz.

    Args:
        url: A local path or any fsspec URL.
        digests: hashlib objects that are fed the bytes in store, up to the last one, on a normal exit.

    Raises:
        UnreadableFileError: The file cannot be opened, or what is done with the stream fails on its bytes.
    """
    try:
        with told_when_slow(url):
            file = open_bytes(url)
    except (OSError, ValueError, ImportError) as error:
        raise UnreadableFileError(f"cannot be read: {_reason(error)}. Check its address and your rights") from error
    try:
        with file:
            stored = io.BufferedReader(_Hashed(file, digests))
            unpack = _UNPACKERS.get(os.path.splitext(url)[1].lower())
            yield stored if unpack is None else unpack(stored)
            while stored.read(1 << 20):
                pass
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise UnreadableFileError(f"cannot be read: {_reason(error)}. Check that the file is whole") from error


class _Hashed(io.RawIOBase):
    """A file's bytes, fed to digests as they are read."""

    def __init__(self, file: IO[bytes], digests: Sequence[Any]) -> None:
        self._file = file
        self._digests = digests

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        for digest in self._digests:
            digest.update(data)
        return len(data)


def _matches(pattern: str) -> list[str]:
    with told_when_slow(pattern):
        return _found(pattern)


def _found(pattern: str) -> list[str]:
    system, path = locate(pattern)
    if system.isfile(path):
        return [pattern]
    if system.isdir(path):
        names = [str(entry).rsplit("/", 1)[-1] for entry in system.ls(path, detail=False)]
        tables = [name for name in names if name.lower().endswith(_TABLE_SUFFIXES) and name[0] != "."]
        return sorted(f"{pattern.rstrip('/')}/{name}" for name in tables)
    if "://" in pattern:
        found = system.glob(path, detail=True)
        return sorted(system.unstrip_protocol(path) for path, about in found.items() if about["type"] == "file")
    return sorted(path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path))


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__).rstrip(".")


def _vantage(pattern: str) -> str:
    return "its bucket" if "://" in pattern else os.getcwd()
