"""kill -9 at any moment, while many clients write: what was answered is there, and nothing is there by halves."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.attack.api_kinds import KINDS, STORE, Kind
from tests.attack.attacked_emulator import AttackedEmulator
from tests.attack.digested import hash_header, sums
from tests.attack.killed_writers import SHARED, ApiWriter, StorageWriter, digest_of
from tests.attack.ledgers import Kept, Ledger, SharedLedger, agree
from tests.attack.scale import SCALE, chance, scaled, tell
from tests.attack.storage_calls import StorageCalls
from tests.emulator.vertex_emulator import LOCATION
from tests.patience import eventually, patience_s

pytestmark = [pytest.mark.run, pytest.mark.timeout(300 + 120 * SCALE)]

BUCKET = "killed"
KILLS = 3


class Attack:
    """The writers, and what must hold after each kill.

    Args:
        emulator: Whom they write to.
    """

    def __init__(self, emulator: AttackedEmulator) -> None:
        self.emulator = emulator
        self.shared = {name: SharedLedger() for name in SHARED}
        self.api = [ApiWriter(f"api{number}", chance("kills", "api", number)) for number in range(3)]
        self.storage = [
            StorageWriter(f"storage{number}", chance("kills", "storage", number), self.shared) for number in range(3)
        ]
        self.objects_read = self.bytes_read = self.went_on = 0

    def write_and_kill(self, pause_s: float) -> None:
        """Lets all of them write, and kills the emulator once each has been answered and a while has passed."""
        writers: list[ApiWriter | StorageWriter] = [*self.api, *self.storage]
        before = [writer.answered for writer in writers]
        address, storage = self.emulator.address, self.emulator.running["storageAddress"]
        faults: list[BaseException] = []

        def run(writer: ApiWriter | StorageWriter) -> None:
            try:
                writer.run(address) if isinstance(writer, ApiWriter) else writer.run(storage, BUCKET)
            except BaseException as fault:  # noqa: BLE001 - whatever it is, the test fails with it
                faults.append(fault)

        threads = [threading.Thread(target=run, args=(writer,)) for writer in writers]
        for thread in threads:
            thread.start()
        eventually(lambda: faults or all(now.answered > then for now, then in zip(writers, before, strict=True)))
        time.sleep(pause_s)
        self.emulator.kill()
        for thread in threads:
            thread.join(patience_s())
            assert not thread.is_alive()
        if faults:
            raise faults[0]

    def check(self) -> None:
        """Holds what is there against what was answered."""
        self._check_files()
        for kind_name, kind in KINDS.items():
            self._check_kind(kind_name, kind)
        calls = StorageCalls(self.emulator.running["storageAddress"], BUCKET)
        with contextlib.closing(calls):
            found = {item["name"]: self._read(calls, item) for item in calls.listed(page=7)}
            for name, ledger in self.shared.items():
                ledger.reconcile(found.get(name))
            for writer in self.storage:
                own = {name: kept for name, kept in found.items() if name.startswith(f"{writer.name}/")}
                own.pop(f"{writer.name}/long", None)
                writer.ledger.reconcile(own, agree)
                self._go_on(calls, writer)

    def _check_kind(self, kind_name: str, kind: Kind) -> None:
        found: dict[str, int] = {}
        for resource in listed(self.emulator, kind):
            key, number = resource["displayName"], kind.number(resource)
            assert number is not None, f"not whole: {resource}"
            assert key not in found, f"twice: {key}"
            found[key] = number
            if kind_name != "job":
                assert self.emulator.get(resource["name"]) == resource
            for writer in self.api:
                writer.names[key] = resource["name"]
        for writer in self.api:
            own = {key: number for key, number in found.items() if key.startswith(f"{writer.name}-")}
            writer.ledgers[kind_name].reconcile(own, int.__eq__)

    def _read(self, calls: StorageCalls, item: dict[str, Any]) -> Kept:
        """An object, all of whose descriptions must agree with its bytes."""
        answer = calls.read(item["name"])
        assert answer.status_code == 200, answer.text
        content = answer.content
        self.objects_read += 1
        self.bytes_read += len(content)
        assert calls.show(item["name"]).json() == item
        expected = sums(content)
        told = hash_header(content)
        if "componentCount" in item:
            expected.pop("md5Hash")
            told = told.partition(",")[0]
        assert {name: item.get(name) for name in expected} == expected
        assert answer.headers["x-goog-hash"] == told
        assert answer.headers["x-goog-generation"] == item["generation"]
        return Kept(digest_of(content), item.get("metadata", {}).get("mark", ""), item["generation"])

    def _go_on(self, calls: StorageCalls, writer: StorageWriter) -> None:
        """Ends the upload that was under way when the emulator was killed."""
        if writer.begun is None:
            return
        place, content, answered = writer.begun
        told = calls.arrived(place)
        assert told.status_code == 308, told.text
        arrived = int(told.headers["range"].rpartition("-")[2]) + 1 if "range" in told.headers else 0
        assert answered <= arrived <= len(content)
        assert calls.go_on(place, content, arrived).status_code == 200
        assert calls.read(f"{writer.name}/long").content == content
        self.went_on += 1
        writer.begun = None

    def _check_files(self) -> None:
        """Each file in the store's folder is named by one record, and each record names a file of its size."""
        folder = self.emulator.folder / "storage"
        sizes: dict[str, int | None] = {}
        with contextlib.closing(sqlite3.connect(f"file:{folder / 'objects.sqlite3'}?mode=ro", uri=True)) as records:
            for kind, body in records.execute("SELECT kind, body FROM records WHERE kind IN ('objects', 'uploads')"):
                record = json.loads(body)
                assert record["file"] not in sizes
                sizes[record["file"]] = record["size"] if kind == "objects" else None
        files = folder / "objects"
        assert set(os.listdir(files)) == set(sizes)
        wrong = [name for name, size in sizes.items() if size not in {None, (files / name).stat().st_size}]
        assert not wrong


def listed(emulator: AttackedEmulator, kind: Kind) -> Iterator[dict[str, Any]]:
    """All resources of a kind."""
    token = ""
    while True:
        page = emulator.get(f"{kind.collection}?pageSize=50&pageToken={token}")
        yield from page.get(kind.field, [])
        token = page.get("nextPageToken", "")
        if not token:
            return


def test_no_kill_loses_what_was_answered_or_leaves_anything_by_halves(attacked: AttackedEmulator) -> None:
    attacked.post(f"{LOCATION}/metadataStores?metadataStoreId={STORE.rpartition('/')[2]}", {})
    bucket = StorageCalls(attacked.running["storageAddress"], BUCKET)
    bucket.make_bucket()
    bucket.close()
    attack = Attack(attacked)
    moments = chance("kills", "moments")
    for _ in range(scaled(KILLS)):
        attack.write_and_kill(moments.uniform(0.0, 0.4))
        attacked.start()
        attack.check()
    ledgers = [ledger for writer in attack.api for ledger in writer.ledgers.values()]
    all_ledgers: list[Ledger[Any]] = [*ledgers, *(writer.ledger for writer in attack.storage)]
    tell(
        "kills",
        kills=scaled(KILLS),
        answered_api=sum(ledger.answered for ledger in ledgers),
        answered_storage=sum(writer.answered for writer in attack.storage),
        lost=0,
        unanswered_and_there=sum(ledger.landed for ledger in all_ledgers),
        unanswered_and_not_there=sum(ledger.lost for ledger in all_ledgers),
        uploads_gone_on_with=attack.went_on,
        objects_read=attack.objects_read,
        mib_read=attack.bytes_read / 2**20,
    )
