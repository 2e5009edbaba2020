"""Local input files, copied to where a run reads them: a place named after their content."""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.interrupts import Interrupted
from trainer.errors import DataError
from trainer.storage import is_local, join, local_path, locate, write_bytes
from trainer.table_files import expand

_PACKED = (".gz", ".bz2", ".xz")
_ROOM = "Check that you may write there, and that there is room."
_BLOCK_BYTES = 2**20
_SLICE_S = 0.1


@dataclass(frozen=True)
class Copy:
    """A local file, and where a run finds it.

    Attributes:
        source: Its path.
        stamp: Its size and time of change, when its bytes were summed.
        target: The path or URL of its copy.
    """

    source: Path
    stamp: tuple[int, int]
    target: str


@dataclass(frozen=True)
class Staged:
    """Where the files of one input lie for a run.

    Attributes:
        location: What the user calls the input.
        uri: What the pipeline is given: a file, a folder of CSV files, or the remote URL as it was.
        root: What `uri` lies below, where its files are copied.
        copies: The files that are copied.
    """

    location: str
    uri: str
    root: str = ""
    copies: Sequence[Copy] = ()

    @property
    def content(self) -> str:
        """The URI below the root, the same for the same bytes in each bucket; the URL of what is not copied."""
        return self.uri.removeprefix(self.root) if self.copies else self.uri


def plan(location: str, root: str, check: Callable[[], None] = lambda: None) -> Staged:
    """Where what a location names belongs below `root`, by its content; nothing is copied.

    One file goes to ROOT/data/SHA256/NAME. Several go into a folder ROOT/data/SHA256, whose sum covers their
    sums, names and order; there they are numbered, so that their order is that of their names. A changed byte
    is a changed URI: no cache that is keyed by URIs can be stale.

    Args:
        location: A local path, a folder of CSV files, a glob, or an fsspec URL, which is passed on as it is.
        root: A local folder or an fsspec URL such as gs://bucket.
        check: Called again and again while files are read; what it raises ends that.

    Raises:
        DataError: No file matches, or a file cannot be read.
    """
    if not is_local(location):
        return Staged(location, location)
    sources = [Path(match) for match in expand([str(local_path(location))])]
    below = os.path.abspath(local_path(root)) if is_local(root) else root
    with _told(f"{location} cannot be read", "Make it readable."):
        stamps = [_stamp(source) for source in sources]
        sums = [_sha256(source, check) for source in sources]
    if len(sources) == 1:
        uri = join(below, "data", sums[0], sources[0].name)
        targets = [uri]
    else:
        names = [_numbered(index, source.name) for index, source in enumerate(sources)]
        manifest = "".join(f"{digest}  {name}\n" for digest, name in zip(sums, names, strict=True))
        uri = join(below, "data", hashlib.sha256(manifest.encode()).hexdigest())
        targets = [join(uri, name) for name in names]
    copies = [Copy(*each) for each in zip(sources, stamps, targets, strict=True)]
    return Staged(location, uri, below, copies)


def carry_out(staged: Staged, check: Callable[[], None] = lambda: None) -> None:
    """Copies the files of an input, but for those that are there already.

    Args:
        staged: The input.
        check: Called again and again meanwhile; ends the copying with Interrupted, and what has not arrived whole is
            not there then.

    Raises:
        DataError: A file cannot be copied, or has changed since it was summed.
    """
    with _told(f"{staged.location} cannot be copied to {staged.root}", _ROOM):
        for copy in staged.copies:
            check()
            _store(copy.source, copy.stamp, copy.target, check)


def is_there(target: str, size: int) -> bool:
    """Whether a copy is where its content belongs; nothing is written.

    Args:
        target: Its path or URL.
        size: Bytes that it must have: less is what an interrupted copy has left.
    """
    filesystem, path = locate(target)
    return bool(filesystem.exists(path) and filesystem.size(path) == size)


def place_of(data: bytes, name: str, root: str) -> str:
    """Where a compiled pipeline belongs below `root`, by its content: ROOT/pipelines/SHA256/NAME."""
    return join(root, "pipelines", hashlib.sha256(data).hexdigest(), name)


def store_bytes(data: bytes, url: str) -> None:
    """Writes a file whose place is named after its content, unless it is there already.

    Raises:
        DataError: It cannot be written.
    """
    with _told(f"The compiled pipeline cannot be copied to {url}", _ROOM):
        if not is_there(url, len(data)):
            write_bytes(url, data)


@contextmanager
def _told(what: str, remedy: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).rstrip(".")
        raise DataError([f"{what}: {reason}. {remedy}"]) from error


def _numbered(index: int, name: str) -> str:
    """A name that sorts by index, and that ends as the CSV files of a folder do."""
    stem, packed = os.path.splitext(name)
    if packed not in _PACKED:
        stem, packed = name, ""
    suffix = "" if stem.endswith(".csv") else ".csv"
    return f"{index:05d}-{stem}{suffix}{packed}"


def _sha256(source: Path, check: Callable[[], None]) -> str:
    summed = hashlib.sha256()
    with source.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK_BYTES):
            check()
            summed.update(block)
    return summed.hexdigest()


def _stamp(source: Path) -> tuple[int, int]:
    status = source.stat()
    return status.st_size, status.st_mtime_ns


def _store(source: Path, stamp: tuple[int, int], target: str, check: Callable[[], None]) -> None:
    """Copies one file so that a reader of `target` sees all of it or nothing."""
    if is_there(target, stamp[0]):
        return
    filesystem, path = locate(target)
    folder = path.rpartition("/")[0]
    # An object store has no folders; gcsfs would make a bucket that is not there.
    if not target.startswith("gs://"):
        filesystem.makedirs(folder, exist_ok=True)
    # An object appears when its upload ends; a local file is moved into place.
    written = f"{folder}/.{uuid.uuid4().hex}" if is_local(target) else path
    try:
        _put(filesystem, source, written, check)
        _refuse_change(source, stamp)
        if written != path:
            os.replace(written, path)
    except Interrupted:  # an upload that has not ended: to ask whether it left anything could take minutes
        raise
    except BaseException:
        if filesystem.exists(written):
            filesystem.rm_file(written)
        if is_local(target):
            with suppress(OSError):  # other files may be in it
                os.rmdir(folder)
        raise


def _put(filesystem: Any, source: Path, target: str, check: Callable[[], None]) -> None:
    """Copies a file. An upload, which may take long, is given up where `check` raises; it leaves nothing then."""
    if not filesystem.async_impl:
        filesystem.put_file(str(source), target)
        return
    # As `put_file` of fsspec does it, which would wait for the end in any case.
    coroutine = filesystem._put_file(str(source), target)  # noqa: SLF001 - the name that fsspec's manual has for it
    upload = asyncio.run_coroutine_threadsafe(coroutine, filesystem.loop)
    try:
        while not wait([upload], timeout=_SLICE_S).done:
            check()
    finally:
        upload.cancel()
    upload.result()


def _refuse_change(source: Path, stamp: tuple[int, int]) -> None:
    if _stamp(source) != stamp:
        raise DataError([f"{source} changed while it was read. Run again once it is written."])
