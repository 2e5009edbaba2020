from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.api.start_error import StartError
from emulator.storage.former_store import FOLDER, INDEX
from emulator.storage.object_store import ObjectStore


def write_former(folder: Path, index: Any) -> None:
    """What gcp-storage-emulator keeps of two objects, one of which a kill has left with another's size and digests."""
    files = folder / FOLDER / "a-bucket"
    (files / "model").mkdir(parents=True)
    (files / "model" / "weights").write_bytes(b"new bytes")
    (files / "rows.csv").write_bytes(b"1,2\n")
    (folder / "drafts").mkdir()
    (folder / FOLDER / INDEX).write_text(index if isinstance(index, str) else json.dumps(index), encoding="utf-8")


FORMER = {
    "buckets": {"a-bucket": {"name": "a-bucket", "location": "EU"}},
    "objects": {
        "a-bucket": {
            "model/weights": {"name": "model/weights", "size": "3", "md5Hash": "stale", "contentType": "x/y"},
            "rows.csv": {"name": "rows.csv", "size": "4", "metadata": {"rows": "1"}},
            "gone": {"name": "gone", "size": "1"},
        }
    },
    "resumable": {},
}


def test_objects_of_an_older_emulator_are_taken_over_once(tmp_path: Path) -> None:
    write_former(tmp_path, FORMER)
    store = ObjectStore(tmp_path)
    found = store.objects.after("a-bucket", "", 10)
    assert [(one.name, one.size) for one in found] == [("model/weights", 9), ("rows.csv", 4)]
    assert found[0].md5 != "stale"
    assert [one.fields.get("metadata") for one in found] == [None, {"rows": "1"}]
    assert store.buckets.get("a-bucket")["location"] == "EU"
    store.close()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["objects"]
    again = ObjectStore(tmp_path)
    assert again.objects.after("a-bucket", "", 10) == found
    again.close()


@pytest.mark.parametrize("index", ["{", "[]", "{}", '{"buckets": {"b": 1}, "objects": 1}'])
def test_an_index_that_cannot_be_read_is_told_and_kept(tmp_path: Path, index: str) -> None:
    write_former(tmp_path, index)
    with pytest.raises(StartError, match=r"\.meta, in which an older emulator kept its objects, cannot be read: "):
        ObjectStore(tmp_path)
    assert (tmp_path / FOLDER / "a-bucket" / "rows.csv").is_file()
