"""The object store, as the emulator itself uses it; requests of clients go to its buckets, objects and uploads."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from emulator.api.store import Store
from emulator.storage import former_store
from emulator.storage.buckets import Buckets
from emulator.storage.drafts import Draft
from emulator.storage.listing import Page, list_page
from emulator.storage.objects import Objects
from emulator.storage.records import BUCKETS, OBJECTS, UPLOADS, StoredObject
from emulator.storage.resumable_uploads import ResumableUploads


class ObjectStore:
    """Buckets and objects in a folder.

    Args:
        folder: The folder.

    Attributes:
        address: Where clients reach it; whoever serves it sets it.
        buckets: The buckets.
        objects: The objects.
        uploads: The resumable uploads under way.

    Raises:
        StartError: What is in the folder cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.address = ""
        files = folder / "objects"
        files.mkdir(parents=True, exist_ok=True)
        self._store = Store(folder / "objects.sqlite3")
        self.buckets = Buckets(self._store)
        self.objects = Objects(self._store, files)
        self.uploads = ResumableUploads(self._store, self.objects)
        former_store.take_over(folder, self.objects, self._store)
        self.uploads.forget_old()
        self._remove_unnamed_files()

    def _remove_unnamed_files(self) -> None:
        """Removes what a killed emulator had not yet made an object of, or not yet removed."""
        with self._store.transaction() as tx:
            named = {record.file for record in tx.everything(OBJECTS).values()}
            named |= {upload.file for upload in tx.everything(UPLOADS).values()}
        self.objects.remove_files(name for name in os.listdir(self.objects.files) if name not in named)

    def list_page(self, bucket: str, query: Mapping[str, str]) -> Page:
        """One page of a bucket's objects.

        Args:
            bucket: The bucket.
            query: Query parameters, as `listing.list_page` takes them.

        Raises:
            ApiError: NOT_FOUND, INVALID_ARGUMENT.
        """
        self.buckets.get(bucket)
        return list_page(partial(self.objects.after, bucket), query)

    def holds(self, uri: str) -> bool:
        """Whether there is an object at `gs://BUCKET/NAME`, or one below `gs://BUCKET/NAME/`."""
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        folder = f"{name.rstrip('/')}/" if name else ""
        exact = (one.name == name for one in self.objects.after(bucket, name, 1))
        below = (one.name.startswith(folder) for one in self.objects.after(bucket, folder, 1))
        return any(exact) or any(below)

    def has_bucket(self, uri: str) -> bool:
        """Whether the bucket of `gs://BUCKET/NAME` is there."""
        name = uri.removeprefix("gs://").partition("/")[0]
        return self._store.peek(BUCKETS, name) is not None

    def put(self, uri: str, path: Path) -> None:
        """Puts a file at `gs://BUCKET/NAME`, or all files of a folder below it, all or none.

        The files are copied, such that nothing can change an object in its place.

        Raises:
            ApiError: NOT_FOUND, where the bucket is not there.
            OSError: A file cannot be read or written.
        """
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        drafts: list[Draft] = []
        try:
            records = [self._record(bucket, key, file, drafts) for file, key in _files_below(path, name.rstrip("/"))]
            self.buckets.get(bucket)
            self.objects.put(records)
        except BaseException:
            for draft in drafts:
                draft.discard()
            raise

    def _record(self, bucket: str, name: str, file: Path, drafts: list[Draft]) -> StoredObject:
        draft = Draft(self.objects.files)
        drafts.append(draft)
        draft.copy(file)
        draft.finish()
        fields = {"contentType": mimetypes.guess_type(name)[0]}
        return self.objects.record(bucket, name, draft.name, draft.sums, fields)

    def erase(self) -> None:
        """Removes all buckets and objects."""
        with self._store.transaction() as tx:
            tx.erase()
        self.objects.remove_files(os.listdir(self.objects.files))

    def close(self) -> None:
        """Closes the store."""
        self._store.close()


def _files_below(path: Path, name: str) -> Iterator[tuple[Path, str]]:
    """A file with the name of its object; for a folder, all files below it. A link to a folder is not followed."""
    if not path.is_dir():
        yield path, name
        return
    for entry in sorted(path.iterdir()):
        if entry.is_file() or (entry.is_dir() and not entry.is_symlink()):
            yield from _files_below(entry, f"{name}/{entry.name}")
