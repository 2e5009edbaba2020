"""Objects that older versions of the emulator kept by the package gcp-storage-emulator: taken over once, at the start.

.cloudstorage/.meta             an index: buckets, objects, JSON
.cloudstorage/BUCKET/NAME       the bytes
drafts/                         what was on its way in
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from emulator.api.start_error import StartError
from emulator.api.store import Store
from emulator.storage.buckets import new_bucket
from emulator.storage.drafts import Draft
from emulator.storage.objects import Objects
from emulator.storage.records import BUCKETS, StoredObject

FOLDER = ".cloudstorage"
INDEX = ".meta"


def take_over(folder: Path, objects: Objects, store: Store) -> None:
    """Makes objects of what the index tells of. The bytes are taken as they are, whatever the index says of them.

    A kill in between changes nothing: it begins anew at the next start.

    Args:
        folder: The state folder's part for storage.
        objects: The objects of the new store.
        store: Its memory.

    Raises:
        StartError: The index cannot be read.
    """
    index = folder / FOLDER / INDEX
    if index.is_file():
        buckets, found = _read(index)
        with store.transaction() as tx:
            for name, resource in buckets.items():
                tx.put(BUCKETS, name, new_bucket(name, resource))
        objects.put([_record(objects, index.parent, *one) for one in found])
        # The index goes first, by which the rest is known.
        index.unlink()
    for name in (FOLDER, "drafts"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _read(index: Path) -> tuple[dict[str, Any], list[tuple[str, str, dict[str, Any]]]]:
    """The buckets by name; bucket, name and resource of each object that has a file."""
    try:
        document = json.loads(index.read_bytes())
        buckets: dict[str, Any] = dict(document["buckets"])
        found = [
            (bucket, name, dict(about))
            for bucket in buckets
            for name, about in (document["objects"].get(bucket) or {}).items()
            # One without a file was half there, as a kill had left it.
            if (index.parent / bucket / name).is_file()
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StartError(
            f"{index}, in which an older emulator kept its objects, cannot be read: {error}. Remove {index.parent}, or "
            "give another --state-dir."
        ) from error
    return buckets, found


def _record(objects: Objects, home: Path, bucket: str, name: str, about: dict[str, Any]) -> StoredObject:
    draft = Draft(objects.files)
    draft.copy(home / bucket / name)
    draft.finish()
    return objects.record(bucket, name, draft.name, draft.sums, about)
