"""Resumable uploads whose client sends again what it got no answer to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from emulator.api.errors import ApiError
from emulator.storage.object_store import ObjectStore
from emulator.storage.records import StoredObject
from tests.emulator.storage.conftest import BUCKET, Store

CONTENT = bytes(range(256)) * 4_000


def begun(store: ObjectStore, content: bytes = CONTENT) -> str:
    key = store.uploads.begin(BUCKET, "long", {}, {})
    store.uploads.write(key, store.uploads.find(key), 0, content)
    return key


def ended(store: ObjectStore, key: str) -> StoredObject | str:
    try:
        return store.uploads.end(key, store.uploads.find(key), {})
    except ApiError as error:
        return error.status


def test_an_upload_that_is_ended_twice_at_once_is_one_object_with_its_bytes(store: Store) -> None:
    key = begun(store)
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: ended(store, key), range(4)))
    refused = [one for one in outcomes if isinstance(one, str)]
    assert len(refused) == 3
    assert set(refused) <= {"NOT_FOUND", "UNAVAILABLE"}
    assert store.contents() == {"long": CONTENT}


def test_an_upload_that_has_ended_takes_no_more_bytes_and_cannot_be_cancelled(store: Store) -> None:
    key = begun(store)
    upload = store.uploads.find(key)
    store.uploads.end(key, upload, {})
    with pytest.raises(ApiError, match="no such upload under way"):
        store.uploads.write(key, upload, len(CONTENT), b"late")
    with pytest.raises(ApiError, match="no such upload under way"):
        store.uploads.end(key, upload, {})
    with pytest.raises(ApiError, match="no such upload under way"):
        store.uploads.cancel(key)
    assert store.contents() == {"long": CONTENT}
    assert store.uploads.ended(key) == store.objects.find(BUCKET, "long")


def test_an_upload_that_was_cancelled_takes_no_more_bytes_and_leaves_no_file(store: Store) -> None:
    key = begun(store)
    upload = store.uploads.find(key)
    store.uploads.cancel(key)
    with pytest.raises(ApiError, match="no such upload under way"):
        store.uploads.write(key, upload, len(CONTENT), b"late")
    with pytest.raises(ApiError, match="no such upload under way"):
        store.uploads.size(upload)
    assert list(store.objects.files.iterdir()) == []


def test_a_piece_that_is_sent_twice_is_there_once(store: Store) -> None:
    key = begun(store, CONTENT[:1000])
    upload = store.uploads.find(key)
    for place, end in ((1000, 3000), (1000, 2000), (2000, 5000), (3000, 5000)):
        store.uploads.write(key, upload, place, CONTENT[place:end])
    store.uploads.end(key, upload, {})
    assert store.contents() == {"long": CONTENT[:5000]}


def test_an_upload_whose_digest_is_wrong_goes_on(store: Store) -> None:
    key = begun(store)
    upload = store.uploads.find(key)
    with pytest.raises(ApiError, match="doesn't match calculated"):
        store.uploads.end(key, upload, {"crc32c": "AAAAAA=="})
    assert store.contents() == {}
    store.uploads.end(key, upload, {})
    assert store.contents() == {"long": CONTENT}
