"""Local input files, copied to where a run reads them: a place named after their content."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from trainer.errors import DataError
from trainer.storage import is_local, join, local_path
from trainer.tables.files import expand

_PACKED = (".gz", ".bz2", ".xz")


@dataclass(frozen=True)
class Staged:
    """Where the files of one input lie for a run.

    Attributes:
        uri: What the pipeline is given: a file, a folder of CSV files, or the remote URL as it was.
        originals: For each staged file, the path that it was copied from.
    """

    uri: str
    originals: Mapping[str, str]


def stage(location: str, root: str) -> Staged:
    """Copies what a location names below `root`, unless its bytes are there already.

    One file goes to ROOT/data/SHA256/NAME. Several go into a folder ROOT/data/SHA256, whose sum covers their
    sums, names and order; there they are numbered, so that their order is that of their names. A changed byte
    is a changed URI: no cache that is keyed by URIs can be stale.

    Args:
        location: A local path, a folder of CSV files, a glob, or an fsspec URL, which is passed on as it is.
        root: A local folder or an fsspec URL such as gs://bucket.

    Raises:
        DataError: No file matches, a file cannot be copied, or it changed meanwhile.
    """
    if not is_local(location):
        return Staged(location, {})
    sources = [Path(match) for match in expand([str(local_path(location))])]
    try:
        return _stage_files(sources, os.path.abspath(local_path(root)) if is_local(root) else root)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError([f"{location} cannot be copied to {root}: {reason}. Make it readable, or room."]) from error


def _stage_files(sources: Sequence[Path], root: str) -> Staged:
    before = [_stamp(source) for source in sources]
    sums = [_sha256(source) for source in sources]
    if len(sources) == 1:
        uri = join(root, "data", sums[0], sources[0].name)
        targets = [uri]
    else:
        names = [_numbered(index, source.name) for index, source in enumerate(sources)]
        manifest = "".join(f"{digest}  {name}\n" for digest, name in zip(sums, names, strict=True))
        uri = join(root, "data", hashlib.sha256(manifest.encode()).hexdigest())
        targets = [join(uri, name) for name in names]
    for source, stamp, target in zip(sources, before, targets, strict=True):
        _store(source, stamp, target)
    return Staged(uri, {target: str(source) for target, source in zip(targets, sources, strict=True)})


def _numbered(index: int, name: str) -> str:
    """A name that sorts by index, and that ends as the CSV files of a folder do."""
    stem, packed = os.path.splitext(name)
    if packed not in _PACKED:
        stem, packed = name, ""
    suffix = "" if stem.endswith(".csv") else ".csv"
    return f"{index:05d}-{stem}{suffix}{packed}"


def _sha256(source: Path) -> str:
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(source: Path) -> tuple[int, int]:
    status = source.stat()
    return status.st_size, status.st_mtime_ns


def _store(source: Path, stamp: tuple[int, int], target: str) -> None:
    """Copies one file so that a reader of `target` sees all of it or nothing."""
    filesystem, path = _locate(target)
    if filesystem.exists(path) and filesystem.size(path) == stamp[0]:
        return
    folder = path.rpartition("/")[0]
    filesystem.makedirs(folder, exist_ok=True)
    # An object appears when its upload ends; a local file is moved into place.
    written = f"{folder}/.{uuid.uuid4().hex}" if is_local(target) else path
    try:
        filesystem.put_file(str(source), written)
        _refuse_change(source, stamp)
        if written != path:
            os.replace(written, path)
    except BaseException:
        if filesystem.exists(written):
            filesystem.rm_file(written)
        if is_local(target):
            with suppress(OSError):  # other files may be in it
                os.rmdir(folder)
        raise


def _refuse_change(source: Path, stamp: tuple[int, int]) -> None:
    if _stamp(source) != stamp:
        raise DataError([f"{source} changed while it was read. Run again once it is written."])


def _locate(url: str) -> tuple[Any, str]:
    # A plain path is not given to url_to_fs, which reads "::" in it as a chain of file systems.
    return (LocalFileSystem(), url) if is_local(url) else fsspec.url_to_fs(url)
