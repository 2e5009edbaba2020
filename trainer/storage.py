"""Files and folders on the local disk or behind any fsspec URL, written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from trainer.errors import UsageError
from trainer.waiting import told_when_slow

PARTIAL = ".partial"
_BLOCK_BYTES = 16 << 20
_CONNECTIONS = 4
_MOST_TRIES = 10


def is_local(url: str) -> bool:
    """Whether `url` is a path on this machine."""
    return "://" not in url or url.startswith("file://")


def local_path(url: str) -> Path:
    """The path that a local `url` names."""
    return Path(url.removeprefix("file://"))


def locate(url: str) -> tuple[Any, str]:
    """The fsspec file system of `url` and the path in it; a local path is taken to the letter, whatever it holds.

    The file system remembers no listing: another process may have changed what it tells of names and lengths.
    """
    if "://" not in url:
        return LocalFileSystem(), url
    filesystem, path = fsspec.url_to_fs(url, use_listings_cache=False)
    return filesystem, str(path)


def join(url: str, *parts: str) -> str:
    """`url` with `parts` appended, one slash between each."""
    return "/".join([url.rstrip("/") or "/", *parts])


def write_bytes(url: str, data: bytes) -> None:
    """Writes one file. A reader sees the old bytes, or the new ones, never a part.

    An object store makes an object visible when its upload ends; a local file is written beside and moved.
    """
    if not is_local(url):
        filesystem, place = locate(url)
        with filesystem.open(place, "wb") as file:
            file.write(data)
        return
    path = local_path(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read_bytes(url: str) -> bytes:
    """The bytes of one file, the old ones or the new ones where it is replaced meanwhile.

    Raises:
        OSError: It cannot be read.
    """
    filesystem, path = locate(url)
    with told_when_slow(url):
        # One request, whose answer is one generation of the object; a file that gcsfs opens is read in ranges of any.
        data: bytes = filesystem.cat_file(path)
    return data


def open_bytes(url: str) -> IO[bytes]:
    """Opens one file, to be read from its first byte to its last. What is read is never of two generations.

    Raises:
        OSError: It cannot be read; so does a later `read`, where an object was replaced and its old bytes are gone.
    """
    filesystem, path = locate(url)
    if not url.startswith(("gs://", "gcs://")):
        file: IO[bytes] = filesystem.open(path, "rb")
        return file
    for _ in range(_MOST_TRIES):
        details = filesystem.info(path)
        if details["type"] == "directory":
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), url)
        if details.get("contentEncoding"):
            # Ranges count its packed bytes, and what arrives is unpacked.
            return io.BytesIO(filesystem.cat_file(path))
        stream = io.BufferedReader(_Generation(filesystem, path, details), _BLOCK_BYTES)
        with contextlib.suppress(FileNotFoundError):  # replaced since its details were told
            stream.peek()
            return stream
    raise OSError(errno.EBUSY, "it is replaced again and again", url)


class _Generation(io.RawIOBase):
    """The bytes of one generation of an object behind gcsfs.

    Args:
        filesystem: gcsfs, whose own files are read in ranges of whatever generation is there at the moment.
        path: The object.
        details: Its resource.
    """

    def __init__(self, filesystem: Any, path: str, details: Mapping[str, Any]) -> None:
        self._filesystem = filesystem
        self._path = path
        self._size = int(details["size"])
        self._generation = details["generation"]
        self._place = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        start, end = self._place, min(self._place + len(buffer), self._size)
        if start == end:
            return 0
        try:
            data = self._filesystem.cat_file(
                self._path, start, end, generation=self._generation, concurrency=_CONNECTIONS
            )
        except FileNotFoundError as error:
            told = "it was replaced or removed while it was read"
            raise FileNotFoundError(errno.ENOENT, told, self._path) from error
        buffer[: len(data)] = data
        self._place = end
        return len(data)


def list_files(url: str) -> list[str]:
    """Names, sorted, of the files in a folder; none where there is no such folder."""
    filesystem, path = locate(url)
    try:
        entries = filesystem.ls(path, detail=True)
    except FileNotFoundError:
        return []
    return sorted(entry["name"].rsplit("/", 1)[-1] for entry in entries if entry["type"] == "file")


def remove_file(url: str) -> None:
    """Removes one file, if it is there."""
    filesystem, path = locate(url)
    with contextlib.suppress(FileNotFoundError):
        filesystem.rm_file(path)


def holds_anything(url: str) -> bool:
    """Whether there is a file at `url`, or a folder with something in it."""
    filesystem, path = locate(url)
    if not filesystem.exists(path):
        return False
    return bool(filesystem.isfile(path) or filesystem.ls(path, detail=False))


@contextlib.contextmanager
def folder_beside(url: str | Path) -> Iterator[Path]:
    """A folder to fill, not made yet and gone afterwards, from which a rename to a local `url` is possible.

    What a process that was killed left there is removed first.
    """
    if not is_local(str(url)):
        with tempfile.TemporaryDirectory() as temporary:
            yield Path(temporary) / "folder"
        return
    target = local_path(str(url)).absolute()
    folder = target.with_name(f".{target.name}{PARTIAL}")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def require_writable(folder: str) -> None:
    """Refuses a folder into which nothing could be written, before there is anything to write.

    Args:
        folder: A local path or fsspec URL; it need not exist. Of a URL only the scheme is looked at.

    Raises:
        UsageError: A file is in its place or above it, it may not be written to, or the URL's scheme is not known.
    """
    if not is_local(folder):
        try:
            locate(folder)
        except (ImportError, ValueError) as error:
            raise UsageError(f"{folder} cannot be written to: {error}. Give a local path or a gs:// URL.") from error
        return
    place = local_path(folder).absolute()
    while not os.path.exists(place):
        place = place.parent
    if not place.is_dir():
        raise UsageError(f"The folder {folder} cannot be made: {place} is a file. Give another folder.")
    if not os.access(place, os.W_OK | os.X_OK):
        raise UsageError(f"The folder {folder} cannot be written to: {place} admits no writing. Give another folder.")


def publish_folder(folder: Path, url: str, completed_by: str = "") -> None:
    """Moves a finished local folder to `url`, where there is nothing yet, or part of an earlier copy of the same.

    Args:
        folder: The folder; it is gone afterwards.
        url: Its place. On the local disk it appears there whole, by a rename.
        completed_by: The file, relative to `folder`, without which a reader takes `url` for absent. Where no rename
            can be had (an object store, a gcsfuse mount) it is copied last, and a copy that fails is removed.
    """
    if is_local(url):
        target = local_path(url)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.replace(target)
            return
        except OSError:
            pass  # gcsfuse, which renames no folder of a flat bucket, or part of an earlier copy there
    try:
        _copy_folder(folder, url, completed_by)
    except BaseException:
        _remove_folder(url)
        raise
    shutil.rmtree(folder)


def _copy_folder(folder: Path, url: str, completed_by: str) -> None:
    filesystem, root = locate(url)
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    for name in sorted(files, key=lambda name: (name == completed_by, name)):
        filesystem.makedirs(join(root, name).rsplit("/", 1)[0], exist_ok=True)
        filesystem.put_file(str(folder / name), join(root, name))


def _remove_folder(url: str) -> None:
    filesystem, root = locate(url)
    if filesystem.exists(root):
        filesystem.rm(root, recursive=True)


def upload_folder(folder: Path, url: str) -> None:
    """Copies the files of a local folder over those at `url`."""
    filesystem, root = locate(url)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            filesystem.put_file(str(path), join(root, path.relative_to(folder).as_posix()))
