from __future__ import annotations

import os
from pathlib import Path

import pytest

from emulator.api.errors import ApiError
from emulator.storage.conditions import NO_CONDITIONS, Conditions
from tests.emulator.storage.conftest import BUCKET, Store


def test_put_makes_objects_of_a_file_and_of_a_folder(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "round").symlink_to(folder)
    (folder / "nowhere").symlink_to(folder / "nothing")
    (folder / "saved_model.pb").write_bytes(b"")
    (folder / "variables" / "data é").write_bytes(bytes(range(256)) * 5_000)
    store.put(f"gs://{BUCKET}/root/model", folder)
    store.put(f"gs://{BUCKET}/root/rows.csv", folder / "variables" / "data é")
    assert store.contents() == {
        "root/model/saved_model.pb": b"",
        "root/model/variables/data é": bytes(range(256)) * 5_000,
        "root/rows.csv": bytes(range(256)) * 5_000,
    }
    assert store.objects.find(BUCKET, "root/rows.csv").content_type == "text/csv"


def test_put_copies_so_that_no_later_write_changes_an_object(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b"first")
    store.put(f"gs://{BUCKET}/rows", path)
    with path.open("ab") as file:
        file.write(b" and more")
    assert store.contents() == {"rows": b"first"}
    store.put(f"gs://{BUCKET}/rows", path)
    assert store.contents() == {"rows": b"first and more"}


def test_put_needs_a_bucket_and_leaves_nothing_behind_without(store: Store, tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(b"x")
    with pytest.raises(ApiError, match="The specified bucket does not exist: c-bucket"):
        store.put("gs://c-bucket/rows", tmp_path / "rows")
    assert os.listdir(store.objects.files) == []
    assert store.has_bucket(f"gs://{BUCKET}/rows")
    assert not store.has_bucket("gs://c-bucket/rows")


def test_put_leaves_nothing_behind_where_a_file_cannot_be_read(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "a").write_bytes(b"x")
    (folder / "b").symlink_to("/proc/self/mem")
    with pytest.raises(OSError, match="Input/output error"):
        store.put(f"gs://{BUCKET}/root/model", folder)
    assert store.contents() == {}
    assert os.listdir(store.objects.files) == []


def test_holds_finds_objects_and_folders(store: Store) -> None:
    store.write("model/1/weights", b"x")
    store.write("model/1/weights-of-another", b"x")
    root = f"gs://{BUCKET}"
    for uri in (root, f"{root}/", f"{root}/model", f"{root}/model/1/", f"{root}/model/1/weights"):
        assert store.holds(uri), uri
    for uri in ("gs://c-bucket", f"{root}/mod", f"{root}/model/2", f"{root}/model/1/weights/x"):
        assert not store.holds(uri), uri
    store.erase()
    assert not store.holds(f"{root}/model")
    assert os.listdir(store.objects.files) == []


def test_what_was_written_is_there_after_the_end_and_unnamed_files_are_not(store: Store, tmp_path: Path) -> None:
    store.write("rows", b"x")
    key = store.uploads.begin(BUCKET, "half", {}, {})
    store.uploads.write(key, store.uploads.find(key), 0, b"half")
    (store.objects.files / "left-by-a-killed-one").write_bytes(b"x")
    store.close()
    again = Store(tmp_path / "storage")
    assert again.contents() == {"rows": b"x"}
    assert again.uploads.size(again.uploads.find(key)) == len(b"half")
    assert len(os.listdir(again.objects.files)) == 2
    assert again.uploads.end(key, again.uploads.find(key), {}).size == len(b"half")
    again.close()


def test_an_overwritten_object_is_read_to_its_end_by_who_has_opened_it(store: Store) -> None:
    found = store.write("rows", b"old")
    descriptor = store.objects.open(found)
    new = store.write("rows", b"new!")
    assert new.generation > found.generation
    assert os.pread(descriptor, 10, 0) == b"old"
    os.close(descriptor)
    with pytest.raises(FileNotFoundError):
        store.objects.open(found)
    assert len(os.listdir(store.objects.files)) == 1


def test_generations_rise_although_the_clock_is_set_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = store.write("rows", b"x")
    monkeypatch.setattr("emulator.storage.objects.time.time_ns", lambda: 1000)
    store.objects._last_generation = 0
    assert store.write("rows", b"y").generation == first.generation + 1


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        (Conditions(generation_match=0), False),
        (Conditions(generation_not_match=0), True),
        (Conditions(generation_match=1), False),
        (Conditions(metageneration_match=1), True),
        (Conditions(metageneration_match=2), False),
        (Conditions(metageneration_not_match=1), False),
    ],
)
def test_preconditions_hold_or_nothing_happens(store: Store, conditions: Conditions, holds: bool) -> None:
    before = store.write("rows", b"old")
    if holds:
        store.objects.patch(BUCKET, "rows", {"cacheControl": "no-store"}, conditions)
        store.objects.delete(BUCKET, "rows", NO_CONDITIONS)
        return
    with pytest.raises(ApiError, match="did not hold") as refused, store.objects.draft() as draft:
        store.objects.insert(BUCKET, "rows", draft, {}, conditions)
    assert refused.value.status == "FAILED_PRECONDITION"
    with pytest.raises(ApiError, match="did not hold"):
        store.objects.delete(BUCKET, "rows", conditions)
    with pytest.raises(ApiError, match="did not hold"):
        store.objects.patch(BUCKET, "rows", {}, conditions)
    assert store.objects.find(BUCKET, "rows") == before
    assert os.listdir(store.objects.files) == [before.file]


def test_fields_are_merged_and_removed_by_none(store: Store) -> None:
    store.write("rows", b"x")
    changes = {"metadata": {"a": "1", "b": "2"}, "contentType": "text/csv", "size": "7"}
    store.objects.patch(BUCKET, "rows", changes, NO_CONDITIONS)
    found = store.objects.patch(BUCKET, "rows", {"metadata": {"a": None, "c": "3"}}, NO_CONDITIONS)
    assert found.fields == {"metadata": {"b": "2", "c": "3"}, "contentType": "text/csv"}
    assert (found.size, found.metageneration) == (1, 3)


def test_a_wrong_digest_is_refused(store: Store) -> None:
    for announced in ({"crc32c": "AAAAAQ=="}, {"md5Hash": "wrong"}):
        with pytest.raises(ApiError, match="doesn't match calculated"), store.objects.draft() as draft:
            store.objects.insert(BUCKET, "rows", draft, {}, announced=announced)
    assert os.listdir(store.objects.files) == []


def test_a_move_is_one_step_and_no_copy_of_what_has_changed(store: Store) -> None:
    old = store.write("rows", b"old")
    store.objects.copy(old, BUCKET, "moved", {}, moves=True)
    assert store.contents() == {"moved": b"old"}
    found = store.objects.find(BUCKET, "moved")
    store.write("moved", b"new")
    with pytest.raises(FileNotFoundError):
        store.objects.copy(found, BUCKET, "rows", {}, moves=True)
    assert store.contents() == {"moved": b"new"}


def test_a_bucket_is_removed_only_empty(store: Store) -> None:
    store.write("rows", b"x")
    with pytest.raises(ApiError, match="not empty"):
        store.buckets.delete(BUCKET)
    store.objects.delete(BUCKET, "rows", NO_CONDITIONS)
    store.buckets.delete(BUCKET)
    assert store.buckets.list() == []


def test_a_source_that_was_replaced_meanwhile_is_not_taken_for_one_that_is_not_there(store: Store) -> None:
    first = store.write("a", b"first")
    store.write("a", b"second")
    for step in (store.objects.copy, lambda *given: store.objects.compose([given[0]], *given[1:])):
        with pytest.raises(FileNotFoundError):
            step(first, BUCKET, "b", {})
    assert store.contents() == {"a": b"second"}
    assert len(list(store.objects.files.iterdir())) == 1


def test_a_draft_that_is_becoming_an_object_is_not_taken_from_it(store: Store) -> None:
    with store.objects.draft() as draft:
        draft.write(b"x")
        store.objects.insert(BUCKET, "rows", draft, {})
        draft.discard()
    assert store.contents() == {"rows": b"x"}


def test_a_draft_that_was_given_up_becomes_no_object(store: Store) -> None:
    with store.objects.draft() as draft:
        draft.finish()
        draft.discard()
        with pytest.raises(OSError, match="canceled"):
            draft.keep()
    assert os.listdir(store.objects.files) == []
