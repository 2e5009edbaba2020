"""Clients that write until the emulator is killed under them, and know what they were answered."""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Mapping
from typing import Any

import httpx

from tests.attack import digested
from tests.attack.api_kinds import KINDS, Kind
from tests.attack.ledgers import Kept, Ledger, SharedLedger
from tests.attack.storage_calls import StorageCalls
from tests.patience import patience_s

# Of one writer and one life of the emulator: bounded, however late the kill comes.
MOST_WRITES = 1000
UPLOADS = ("media", "multipart", "resumable", "public")
SHARED = ("shared/a", "shared/b")


def digest_of(content: bytes) -> str:
    """What tells contents apart."""
    return hashlib.sha256(content).hexdigest()


class ApiWriter:
    """A client of the API.

    Args:
        name: Its own; its resources' display names begin so.
        chance: What it does.

    Attributes:
        ledgers: By kind: the number that each of its resources holds, by display name.
        names: Resource names by display name.
    """

    def __init__(self, name: str, chance: random.Random) -> None:
        self.name = name
        self.ledgers: dict[str, Ledger[int]] = {kind: Ledger() for kind in KINDS}
        self.names: dict[str, str] = {}
        self._chance = chance
        self._count = 0

    @property
    def answered(self) -> int:
        """How many writes were answered."""
        return sum(ledger.answered for ledger in self.ledgers.values())

    def run(self, address: str) -> None:
        """Writes until the emulator is gone."""
        with (
            contextlib.suppress(httpx.TransportError),
            httpx.Client(base_url=f"{address}/v1/", trust_env=False, timeout=patience_s()) as http,
        ):
            for _ in range(MOST_WRITES):
                kind = self._chance.choices([*KINDS], [3, 3, 3, 3, 2, 1])[0]
                self._step(http, kind, KINDS[kind], self.ledgers[kind])

    def _step(self, http: httpx.Client, name: str, kind: Kind, ledger: Ledger[int]) -> None:
        self._count += 1
        number = self._count
        known = [*ledger.settled]
        if not known or self._chance.random() < 0.4 or not kind.mask:
            key = f"{self.name}-{name}-{number}"
            if kind.mask:
                ledger.write({key: number}, lambda: self._create(http, kind, key, number))
            else:
                ledger.write({key: 0}, lambda: self._create(http, kind, key, 0))
        elif self._chance.random() < 0.6:
            key = self._chance.choice(known)
            query = f"?updateMask={kind.mask}"
            ledger.write({key: number}, lambda: self._told(http, "PATCH", f"{self.names[key]}{query}", kind, number))
        else:
            key = self._chance.choice(known)
            ledger.write({key: None}, lambda: self._told(http, "DELETE", self.names[key], kind, None))

    def _create(self, http: httpx.Client, kind: Kind, key: str, number: int) -> Mapping[str, int | None]:
        answer = http.post(kind.create, json=kind.body(key, number))
        assert answer.status_code == 200, answer.text
        told = answer.json()
        made = told.get("response", told)
        self.names[key] = made.get("model", made.get("name"))
        return {}

    @staticmethod
    def _told(http: httpx.Client, verb: str, path: str, kind: Kind, number: int | None) -> Mapping[str, int | None]:
        answer = http.request(verb, path, json=None if number is None else kind.change(number))
        assert answer.status_code == 200, answer.text
        assert "error" not in answer.json(), answer.text
        return {}


class StorageWriter:
    """A client of Cloud Storage.

    Args:
        name: Its own; it alone writes the objects whose names begin so.
        chance: What it does.
        shared: Names that all of them write.

    Attributes:
        ledger: Its own objects.
        begun: A resumable upload that it leaves under way: its place, its bytes, how many of them were answered.
    """

    def __init__(self, name: str, chance: random.Random, shared: dict[str, SharedLedger]) -> None:
        self.name = name
        self.ledger: Ledger[Kept] = Ledger()
        self.begun: tuple[str, bytes, int] | None = None
        self.shared_answers = 0
        self._chance = chance
        self._shared = shared
        self._count = 0

    @property
    def answered(self) -> int:
        """How many writes were answered."""
        return self.ledger.answered + self.shared_answers

    def run(self, address: str, bucket: str) -> None:
        """Writes until the emulator is gone."""
        calls = StorageCalls(address, bucket)
        with contextlib.suppress(httpx.TransportError), contextlib.closing(calls):
            self._leave_under_way(calls)
            for _ in range(MOST_WRITES):
                self._count += 1
                self._step(calls)

    def _leave_under_way(self, calls: StorageCalls) -> None:
        content = digested.make(self._chance, 600_000)
        place = calls.begin(f"{self.name}/long").headers["location"]
        self.begun = place, content, 0
        half = len(content) // 2
        if half:
            assert calls.go_on(place, content, 0, half).status_code == 308
        self.begun = place, content, half

    def _step(self, calls: StorageCalls) -> None:
        known = [*self.ledger.settled]
        name = f"{self.name}/{self._chance.randrange(5)}"
        step = self._chance.random()
        if step < 0.2:
            self._overwrite_shared(calls)
        elif step < 0.5 or not known:
            content = digested.make(self._chance)
            kind = self._chance.choice(UPLOADS)
            self._write({name: Kept(digest_of(content))}, name, lambda: calls.upload(kind, name, content))
        elif step < 0.6:
            one, mark = self._chance.choice(known), str(self._count)
            kept = self.ledger.settled[one]._replace(mark=mark)
            self._write({one: kept}, one, lambda: calls.patch(one, {"metadata": {"mark": mark}}))
        elif step < 0.7:
            one = self._chance.choice(known)
            self._write({one: None}, one, lambda: calls.delete(one))
        elif step < 0.8:
            self._compose(calls, known, name)
        else:
            self._transfer(calls, self._chance.choice(known), name)

    def _compose(self, calls: StorageCalls, known: list[str], name: str) -> None:
        # Small ones alone: they would grow without an end.
        sources = [one for one in known if one != name and one.rpartition("/")[2] in "012"][:2]
        if not sources:
            return
        content = b"".join(calls.read(one).content for one in sources)
        target = f"{self.name}/composed"
        self._write({target: Kept(digest_of(content))}, target, lambda: calls.compose(sources, target))

    def _transfer(self, calls: StorageCalls, source: str, name: str) -> None:
        action = self._chance.choice(["copyTo", "rewriteTo", "moveTo"])
        if name == source or source.endswith("composed"):
            return
        kept = self.ledger.settled[source]._replace(generation=None)
        changes: dict[str, Kept | None] = {name: kept}
        if action == "moveTo":
            changes[source] = None
        self._write(changes, name, lambda: calls.transfer(action, source, name))

    def _write(self, changes: Mapping[str, Kept | None], name: str, request: Any) -> None:
        def send() -> Mapping[str, Kept | None]:
            answer = request()
            assert answer.status_code in {200, 204}, answer.text
            kept = changes[name]
            return {name: kept and kept._replace(generation=generation_of(answer))}

        self.ledger.write(changes, send)

    def _overwrite_shared(self, calls: StorageCalls) -> None:
        name, kind, content = self._chance.choice(SHARED), self._chance.choice(UPLOADS), digested.make(self._chance)

        def send() -> int:
            answer = calls.upload(kind, name, content)
            assert answer.status_code == 200, answer.text
            return int(generation_of(answer))

        self._shared[name].write(digest_of(content), send)
        self.shared_answers += 1


def generation_of(answer: httpx.Response) -> str:
    """The generation that an answer to a write tells."""
    if "x-goog-generation" in answer.headers:
        return answer.headers["x-goog-generation"]
    told = answer.json()
    return str(told.get("resource", told)["generation"])
