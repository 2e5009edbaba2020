"""Predictions: through the serving process and the emulator's endpoint, against the bare SavedModel."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.asking import FLOWER, Ask, Connection, keep_asking
from benchmarks.emulators import Emulator, emulator
from benchmarks.models import export_iris
from benchmarks.processes import free_port, running
from benchmarks.programs import ours
from benchmarks.repeats import Bout, Entry, Result, in_turns, say
from benchmarks.results import Section
from benchmarks.series import Contest, Series, Target
from benchmarks.sizes import Sizes

SERVER = "the serving process"
ENDPOINT = "the emulator's endpoint"
BARE = "the bare SavedModel"
_MOST_TIMES_BARE = 3.0
_MOST_ADDED_MS = 2.0
_MOST_START_S = 4.0
_CLIENTS = 32
_MANY = 1000


def measure(sizes: Sizes) -> Section:
    """Asks one model in three ways, in turns."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model = export_iris(folder / "model")
        start = _start(model, sizes)
        (folder / "vertex").mkdir()
        with emulator(folder / "vertex") as api, _serving(model) as (server, _):
            ways = {
                SERVER: lambda instances: _connected(server, "/predict", instances),
                ENDPOINT: _endpoint(api, model),
            }
            one = _bout(ways, model, clients=1, instances=1, sizes=sizes)
            many = _bout(ways, None, clients=_CLIENTS, instances=1, sizes=sizes)
            batch = _bout(ways, model, clients=1, instances=_MANY, sizes=sizes)
    return Section("Answers", (*_latencies(one), *_throughputs(many, batch), start))


def _latencies(one: Bout) -> list[Contest]:
    what = "One client, one instance a request"
    added = added_ms(one.series(SERVER, "p50_ms"), one.series(ENDPOINT, "p50_ms"))
    return [
        one.contest(
            f"{what}: p50",
            "ms",
            "p50_ms",
            [Target("at most", _MOST_TIMES_BARE, BARE)],
            "JSON over HTTP, held to the contract; the bare SavedModel takes and gives arrays.",
        ),
        one.contest(f"{what}: p99", "ms", "p99_ms"),
        Contest(
            f"{what}: what the emulator adds to the p50",
            "ms",
            (added,),
            (Target("at most", _MOST_ADDED_MS),),
        ),
    ]


def added_ms(server: Series, endpoint: Series) -> Series:
    """What one way takes longer than the other, repeat by repeat."""
    pairs = zip(server.values, endpoint.values, strict=True)
    return Series("the endpoint less the serving process", tuple(far - near for near, far in pairs), {})


def _throughputs(many: Bout, batch: Bout) -> list[Contest]:
    return [
        many.contest(f"{_CLIENTS} clients, one instance a request", "instances/s", "instances_per_s"),
        many.contest(f"{_CLIENTS} clients, one instance a request: p99", "ms", "p99_ms"),
        batch.contest(f"One client, {_MANY:,} instances a request", "instances/s", "instances_per_s"),
        batch.contest(f"One client, {_MANY:,} instances a request: p50", "ms", "p50_ms"),
    ]


def _bout(
    ways: dict[str, Callable[[int], Ask]], bare: Path | None, *, clients: int, instances: int, sizes: Sizes
) -> Bout:
    """Keeps each way busy in turns; the bare model too, where one is given."""
    say(f" clients: {clients}, instances a request: {instances}")

    def entry(way: str) -> Entry:
        return Entry(way, lambda: keep_asking(lambda: ways[way](instances), clients, sizes.load_s, instances))

    entries = [entry(way) for way in ways]
    if bare is not None:
        words = ("--model", bare, "--instances", instances, "--seconds", sizes.load_s)
        entries.append(Entry(BARE, lambda: ours("ask").run(*words)))
    return in_turns(entries, sizes.repeats)


def _start(model: Path, sizes: Sizes) -> Contest:
    say(" the serving process starts")

    def start() -> Result:
        with _serving(model) as (_, seconds):
            return {"seconds": seconds}

    start()  # from cold files
    bout = in_turns([Entry(SERVER, start)], sizes.repeats)
    note = "From the command to the first answer."
    return bout.contest("The serving process starts", "s", "seconds", [Target("at most", _MOST_START_S)], note)


@contextmanager
def _serving(model: Path) -> Iterator[tuple[str, float]]:
    """The model's server as a container runs it: its address, and the seconds until it answered."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    contract = {
        "AIP_HTTP_PORT": str(port),
        "AIP_HEALTH_ROUTE": "/health",
        "AIP_PREDICT_ROUTE": "/predict",
        "AIP_STORAGE_URI": str(model),
        "VERTEX_EMULATOR_HOST": "127.0.0.1",
    }

    def answers() -> bool:
        try:
            _connected(address, "/predict", 1)()
        except (OSError, RuntimeError):
            return False
        return True

    with running("trainer.serve", [], answers, **contract) as seconds:
        yield address, seconds


def _endpoint(api: Emulator, model: Path) -> Callable[[int], Ask]:
    path = f"/v1/{api.deploy(model)}:predict"
    return lambda instances: _connected(api.address, path, instances)


def _connected(address: str, path: str, instances: int) -> Ask:
    """A client with a connection of its own."""
    connection = Connection(address)
    request = connection.request(path, json.dumps({"instances": [FLOWER] * instances}).encode())
    return lambda: connection.send(request)
