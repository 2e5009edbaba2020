"""Mixed traffic for long: memory, descriptors, threads and answers are at its end what they were at its beginning."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.attack import digested
from tests.attack.api_kinds import KINDS, STORE
from tests.attack.attacked_emulator import AttackedEmulator, ProcessFigures
from tests.attack.scale import SCALE, chance, scaled, share, tell
from tests.attack.storage_calls import StorageCalls
from tests.emulator.vertex_emulator import LOCATION
from tests.patience import Patience, patience_s

pytestmark = [pytest.mark.run, pytest.mark.timeout(600 + 120 * SCALE)]

REQUESTS = 600
CLIENTS = 3
WARM_UP = 0.4
# What is at the end may be so much more than what was after the warm-up.
MEMORY_RATIO, MEMORY_MIB = 1.3, 24
DESCRIPTORS, THREADS = 12, 12
# Of p99, which a machine that has other work to do moves by itself.
SLOWNESS_RATIO, SLOWNESS_FLOOR_S = 8, 0.02
BUCKET = "soaked"


class Client:
    """One of the clients: what it does, and how long each answer took.

    Args:
        emulator: Whom it asks.
        endpoint: An endpoint with a deployed model.
        number: Its own.
    """

    def __init__(self, emulator: AttackedEmulator, endpoint: str, number: int) -> None:
        self._chance = chance("soak", number)
        self._number = number
        self._endpoint = endpoint
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.refused: Counter[str] = Counter()
        self.http = httpx.Client(base_url=emulator.address, trust_env=False, timeout=patience_s())
        self.storage = StorageCalls(emulator.running["storageAddress"], BUCKET)
        # By name: how often, and what.
        self._steps: dict[str, tuple[int, Callable[[], httpx.Response]]] = {
            "predict": (30, self._predict),
            "write": (15, self._write),
            "read": (15, lambda: self.http.get(f"/v1/{self._endpoint}")),
            "list": (8, self._list),
            "refused": (5, lambda: self.http.get(f"/v1/{LOCATION}/models/none")),
            "store": (12, self._store),
            "fetch": (12, lambda: self.storage.read("kept")),
            "list objects": (3, lambda: self.storage.http.get(f"/storage/v1/b/{BUCKET}/o")),
            "console": (1, self._console),
        }

    def close(self) -> None:
        """Closes its connections."""
        self.http.close()
        self.storage.close()

    def step(self) -> None:
        """One request, or a few that belong together."""
        name = self._chance.choices([*self._steps], [weight for weight, _ in self._steps.values()])[0]
        began = time.perf_counter()
        answer = self._steps[name][1]()
        self.seconds[name].append(time.perf_counter() - began)
        expected = 404 if name == "refused" else 200
        if answer.status_code != expected:
            self.refused[f"{name} {answer.status_code} {answer.text[:200]}"] += 1

    def _predict(self) -> httpx.Response:
        instances = [{"number": self._chance.random()} for _ in range(self._chance.choice([1, 1, 50]))]
        return self.http.post(f"/v1/{self._endpoint}:predict", json={"instances": instances})

    def _write(self) -> httpx.Response:
        """Creates, changes and deletes: what is kept does not grow."""
        kind = KINDS[self._chance.choice(["endpoint", "artifact", "context", "schedule", "model"])]
        told = self.http.post(f"/v1/{kind.create}", json=kind.body(f"soaked-{self._number}", 1)).json()
        made = told.get("response", told)
        name = made.get("model", made.get("name"))
        self.http.patch(f"/v1/{name}?updateMask={kind.mask}", json=kind.change(2))
        return self.http.delete(f"/v1/{name}")

    def _list(self) -> httpx.Response:
        kind = KINDS[self._chance.choice([*KINDS])]
        return self.http.get(f"/v1/{kind.collection}", params={"pageSize": 50})

    def _store(self) -> httpx.Response:
        """Overwrites, and now and then leaves a download or an upload in the middle."""
        kind = self._chance.choice(["media", "multipart", "resumable", "public"])
        content = digested.make(self._chance, 1_000_000)
        if self._chance.random() < 0.2:
            with contextlib.suppress(httpx.HTTPError), self.storage.http.stream("GET", f"/{BUCKET}/kept") as answer:
                next(answer.iter_raw(1000))
        return self.storage.upload(kind, f"{self._number}/{self._chance.randrange(3)}", content)

    def _console(self) -> httpx.Response:
        page = self._chance.choice(
            ["", f"/{LOCATION}/models", f"/{self._endpoint}", f"/download?uri=gs://{BUCKET}/kept"]
        )
        return self.http.get(f"/console{page}")


class Soak:
    """The traffic.

    Args:
        emulator: Whom it goes to.
        endpoint: An endpoint with a deployed model.
    """

    def __init__(self, emulator: AttackedEmulator, endpoint: str) -> None:
        self._emulator = emulator
        self._clients = [Client(emulator, endpoint, number) for number in range(CLIENTS)]

    def close(self) -> None:
        """Closes all connections."""
        for client in self._clients:
            client.close()

    def run(self, requests: int) -> dict[str, list[float]]:
        """Lets all clients ask; how long each answer took, by what was asked."""
        for client in self._clients:
            client.seconds.clear()

        def live(client: Client) -> None:
            for _ in range(requests // CLIENTS):
                client.step()

        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(live, self._clients))
        seconds: dict[str, list[float]] = defaultdict(list)
        for client in self._clients:
            assert not client.refused, client.refused.most_common(3)
            for name, taken in client.seconds.items():
                seconds[name] += taken
        return seconds

    def figures(self, at_most: ProcessFigures | None = None) -> ProcessFigures:
        """What the emulator's process holds, once it holds no more than it may, or for long enough has not."""
        patience = Patience()
        while True:
            found = self._emulator.figures()
            is_fine = at_most is None or all(now <= most for now, most in zip(found, at_most, strict=True))
            if is_fine or not patience.is_left():
                return found
            time.sleep(0.5)


@pytest.fixture
def soak(attacked: AttackedEmulator) -> Iterator[Soak]:
    """The traffic to an emulator with a deployed model and an object."""
    attacked.post(f"{LOCATION}/metadataStores?metadataStoreId={STORE.rpartition('/')[2]}", {})
    endpoint = attacked.create_endpoint()
    attacked.deploy(endpoint, attacked.upload())
    traffic = Soak(attacked, endpoint)
    calls = StorageCalls(attacked.running["storageAddress"], BUCKET)
    calls.make_bucket()
    assert calls.upload("media", "kept", random.Random(0).randbytes(700_000)).status_code == 200  # noqa: S311 - any bytes
    calls.close()
    assert attacked.call("GET", "/console").status_code == 200
    yield traffic
    traffic.close()


def test_long_traffic_leaves_the_process_as_it_was(soak: Soak) -> None:
    count = scaled(REQUESTS)
    soak.run(int(REQUESTS * WARM_UP))
    early = soak.run(int(REQUESTS * WARM_UP))
    before = soak.figures()
    soak.run(count)
    late = soak.run(int(REQUESTS * WARM_UP))
    most = ProcessFigures(
        before.rss_mib * MEMORY_RATIO + MEMORY_MIB, before.descriptors + DESCRIPTORS, before.threads + THREADS
    )
    after = soak.figures(most)
    slowness = {name: (share(early[name], 0.99), share(late[name], 0.99)) for name in early if len(early[name]) > 30}
    tell(
        "soak",
        requests=count + 3 * int(REQUESTS * WARM_UP),
        **{f"{name}_start": value for name, value in before._asdict().items()},
        **{f"{name}_end": value for name, value in after._asdict().items()},
        p99_start_and_end_ms={name: tuple(round(one * 1e3, 1) for one in both) for name, both in slowness.items()},
    )
    for name, now, limit in zip(ProcessFigures._fields, after, most, strict=True):
        assert now <= limit, f"{name} was {getattr(before, name):g} and is {now:g}, more than {limit:g}"
    for name, (start, end) in slowness.items():
        assert end <= SLOWNESS_RATIO * max(start, SLOWNESS_FLOOR_S), f"{name}: p99 was {start:.3f} s and is {end:.3f} s"
