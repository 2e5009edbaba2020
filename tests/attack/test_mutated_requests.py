"""Valid requests of every route, changed by chance: no fault of the server, and others are answered meanwhile."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.attack.attacked_emulator import AttackedEmulator
from tests.attack.health_watch import HealthWatch
from tests.attack.mutations import Mutator
from tests.attack.requests_in_parts import Request
from tests.attack.scale import SCALE, SEED, chance, scaled, share, tell
from tests.attack.storage_calls import StorageCalls
from tests.attack.valid_requests import BODIES, BUCKET, ValidRequests
from tests.attack.wire import Sent, SilenceError, exchange
from tests.emulator.vertex_emulator import IMAGE, LOCATION
from tests.patience import eventually

pytestmark = [pytest.mark.run, pytest.mark.timeout(600 + 120 * SCALE)]

REQUESTS = 600
CLIENTS = 3
# After so many requests what they have deleted is made again.
REFILL = 250
# How much longer than from an idle emulator another client may wait for an answer, all but one in a hundred times; of
# an idle one, no less than this is taken for granted.
MOST_DELAY = 100
LEAST_IDLE_S = 0.01
SHOWN = 5


class Attack:
    """The requests, and what came of them.

    Args:
        emulator: Whom they go to.
        folder: For what tells the routes.
    """

    def __init__(self, emulator: AttackedEmulator, folder: Path) -> None:
        self.emulator = emulator
        self._ports = {"api": int(emulator.port), "storage": int(emulator.storage_port)}
        hosts = {name: f"127.0.0.1:{port}" for name, port in self._ports.items()}
        self._valid = ValidRequests(folder, hosts)
        self._storage = StorageCalls(emulator.running["storageAddress"], BUCKET)
        self._lock = threading.Lock()
        self.answers: Counter[int | None] = Counter()
        self.faults: list[str] = []
        self.slowest = (0.0, 0, b"")

    def close(self) -> None:
        """Closes its connections."""
        self._storage.close()

    @property
    def seeds(self) -> int:
        """How many valid requests there are."""
        return len(self._valid)

    def refill(self) -> None:
        """Makes what the requests work on, where it is not there."""
        store = f"{LOCATION}/metadataStores"
        container = {"imageUri": IMAGE}
        wanted = [
            (
                f"{LOCATION}/models:upload",
                {"modelId": "seed", "model": {"displayName": "x", "containerSpec": container}},
            ),
            (f"{LOCATION}/endpoints?endpointId=77", {"displayName": "x"}),
            (f"{store}?metadataStoreId=attacked", {}),
            *((f"{store}/attacked/contexts?contextId={name}", {"displayName": name}) for name in ("seed", "other")),
            (f"{store}/attacked/artifacts?artifactId=seed", {"displayName": "x"}),
            (f"{store}/attacked/executions?executionId=seed", {"displayName": "x"}),
            (f"{LOCATION}/pipelineJobs?pipelineJobId=seed", BODIES["CreatePipelineJob"]),
        ]
        for path, body in wanted:
            assert self.emulator.call("POST", f"/v1/{path}", body).status_code in {200, 409}, path
        made = self.emulator.post(f"{LOCATION}/schedules", BODIES["CreateSchedule"])
        operation = self.emulator.post(f"{LOCATION}/endpoints", {"displayName": "another"})
        evaluation = self.emulator.post(
            f"{LOCATION}/models/seed@default/evaluations:import", BODIES["ImportModelEvaluation"]
        )
        for collection, name in (
            ("schedules", made["name"]),
            ("operations", operation["name"]),
            ("evaluations", evaluation["name"]),
        ):
            self._valid.ids[collection] = name.rpartition("/")[2]
        self._storage.http.post("/storage/v1/b", json={"name": BUCKET})
        assert self._storage.upload("media", "a/b", b"content").status_code == 200
        assert self._storage.upload("media", "d", b"content").status_code == 200
        self._valid.upload = self._storage.begin("long").headers["x-guploader-uploadid"]

    def send(self, number: int) -> None:
        """Sends the request of a number, and notes what was wrong with the answer."""
        random = chance("mutated", number)
        with self._lock:
            if number % REFILL == 0:
                self.refill()
            request = self._valid.make(number % len(self._valid), random)
        if number >= len(self._valid):
            Mutator(random).mutate(request)
        self._send(number, request, random)
        if request.path.startswith("/_emulator/"):
            self.emulator.call("POST", "/_emulator/operation_delay", {"seconds": 0})

    def _send(self, number: int, request: Request, random: random.Random) -> None:
        text = request.text()
        text = text[: int(len(text) * request.cut)]
        parts = 1 if random.random() < 0.8 else 4
        size = max(len(text) // parts, 1)
        pieces = [text[place : place + size] for place in range(0, len(text), size)]
        is_sound = request.is_whole and not _is_odd(request)
        began = time.perf_counter()
        try:
            status = exchange(self._ports[request.port], Sent(pieces, is_sound, request.reads))
        except SilenceError as fault:
            self._note(number, text, str(fault))
            return
        with self._lock:
            self.answers[status] += 1
            self.slowest = max(self.slowest, (time.perf_counter() - began, number, text[:300]))
        allowed = {501, 503, 504} if request.may_be_unavailable else {501}
        if status is not None and status >= 500 and status not in allowed:
            self._note(number, text, f"answered {status}")

    def _note(self, number: int, text: bytes, fault: str) -> None:
        with self._lock:
            self.faults.append(f"ATTACK_SEED={SEED}, request {number}: {fault} to {text[:1500]!r}")


def _is_odd(request: Request) -> bool:
    """Whether its headers may announce more than it has, or something else than an answer."""
    names = [name.lower() for name, _ in request.headers]
    odd = {b"content-length", b"transfer-encoding", b"expect", b"upgrade"}
    return bool(odd & set(names)) or request.method not in {"GET", "POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture
def attack(tmp_path: Path) -> Iterator[Attack]:
    """The attack on an emulator of its own."""
    emulator = AttackedEmulator(tmp_path)
    running = Attack(emulator, tmp_path / "routes")
    yield running
    running.close()
    emulator.close()


def test_no_changed_request_is_a_fault_of_the_server(attack: Attack) -> None:
    emulator = attack.emulator
    attack.refill()
    # The first of each loads much.
    assert emulator.call("GET", "/console").status_code == 200
    assert emulator.call("GET", f"/v1beta1/{LOCATION}/models").status_code == 200
    with HealthWatch(emulator.address) as idle:
        threading.Event().wait(2.0)
    count = max(scaled(REQUESTS), 2 * attack.seeds)
    with HealthWatch(emulator.address) as watch, ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(attack.send, range(count)))
    pid = emulator.pid
    assert emulator.call("GET", "/healthz").json()["pid"] == pid
    tracebacks = emulator.tracebacks()
    usual, under_attack = (share(one.seconds, 0.99) for one in (idle, watch))
    tell(
        "mutated requests",
        requests=count,
        seeds=attack.seeds,
        faults=len(attack.faults),
        tracebacks=len(tracebacks),
        answers=dict(sorted(attack.answers.items(), key=str)),
        health_p99_idle_ms=usual * 1e3,
        health_p99_attacked_ms=under_attack * 1e3,
        health_longest_ms=max(watch.seconds) * 1e3,
        slowest_ms=attack.slowest[0] * 1e3,
        slowest_request=attack.slowest[1],
    )
    assert not attack.faults, "\n".join([f"{len(attack.faults)} faults:", *attack.faults[:SHOWN]])
    assert not tracebacks, f"{len(tracebacks)} tracebacks, of which the first is:\n{tracebacks[0]}"
    assert watch.refused == 0
    assert under_attack <= MOST_DELAY * max(usual, LEAST_IDLE_S), f"the slowest request is {attack.slowest}"
    assert attack.answers[200] > count / 20, "the requests are all refused: the seeds are stale"


def test_a_reset_under_traffic_is_no_fault(attack: Attack) -> None:
    attack.refill()
    ended = threading.Event()

    def ask(client: int) -> None:
        random = chance("reset", client)
        while not ended.is_set():
            number = random.randrange(attack.seeds)
            with attack._lock:
                request = attack._valid.make(number, random)
            if not request.path.startswith("/console"):
                attack._send(number, request, random)

    with ThreadPoolExecutor(CLIENTS) as pool:
        asked = [pool.submit(ask, client) for client in range(CLIENTS)]
        for number in range(1, scaled(3) + 1):
            eventually(lambda number=number: attack.answers.total() >= 50 * number or attack.faults)  # type: ignore[misc]
            assert attack.emulator.call("POST", "/_emulator/reset").status_code == 200
        ended.set()
        for one in asked:
            one.result()
    tell("resets", resets=scaled(3), requests=attack.answers.total(), faults=len(attack.faults))
    assert not attack.faults, attack.faults[0]
    assert not attack.emulator.tracebacks(), attack.emulator.tracebacks()[0]
