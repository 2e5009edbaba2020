"""Many clients at the same resources and objects: no update is lost, one of many wins, and no reader sees a mix."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.attack import digested
from tests.attack.api_kinds import KINDS, STORE
from tests.attack.at_once import at_once
from tests.attack.attacked_emulator import AttackedEmulator
from tests.attack.digested import hash_header
from tests.attack.killed_writers import UPLOADS
from tests.attack.scale import SCALE, chance, scaled, tell
from tests.attack.storage_calls import StorageCalls
from tests.emulator.vertex_emulator import LOCATION
from tests.patience import patience_s

pytestmark = [pytest.mark.run, pytest.mark.timeout(300 + 60 * SCALE)]

CLIENTS = 6


@pytest.fixture(scope="module")
def raced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedEmulator]:
    """One emulator for all races, which must have written no traceback at their end."""
    running = AttackedEmulator(tmp_path_factory.mktemp("raced"))
    running.post(f"{LOCATION}/metadataStores?metadataStoreId={STORE.rpartition('/')[2]}", {})
    calls = StorageCalls(running.running["storageAddress"], "raced")
    calls.make_bucket()
    calls.close()
    yield running
    running.close()
    found = running.tracebacks()
    assert not found, found[0]


@pytest.fixture
def clients(raced: AttackedEmulator) -> Iterator[list[StorageCalls]]:
    """A connection to the store for each thread."""
    opened = [StorageCalls(raced.running["storageAddress"], "raced") for _ in range(CLIENTS)]
    yield opened
    for one in opened:
        one.close()


# The object store


def test_one_of_many_creations_wins(clients: list[StorageCalls]) -> None:
    calls = clients[0]
    calls.upload("media", "source", b"source")
    kinds: dict[str, Callable[[StorageCalls, str], httpx.Response]] = {
        **{
            kind: lambda one, name, kind=kind: one.upload(kind, name, name.encode(), ifGenerationMatch=0)  # type: ignore[misc]
            for kind in UPLOADS
        },
        "compose": lambda one, name: one.compose(["source", "source"], name, ifGenerationMatch=0),
        "copyTo": lambda one, name: one.transfer("copyTo", "source", name, ifGenerationMatch=0),
        "rewriteTo": lambda one, name: one.transfer("rewriteTo", "source", name, ifGenerationMatch=0),
    }
    rounds = 0
    for kind, step in kinds.items():
        for number in range(scaled(2)):
            name = f"created/{kind}/{number}"
            answers = at_once(CLIENTS, lambda client, step=step, name=name: step(clients[client], name))  # type: ignore[misc]
            assert Counter(answer.status_code for answer in answers) == {200: 1, 412: CLIENTS - 1}, kind
            (won,) = (answer for answer in answers if answer.status_code == 200)
            shown = calls.show(name).json()
            told = won.json() if won.content else {"generation": won.headers["x-goog-generation"]}
            assert shown["generation"] == told.get("resource", told)["generation"]
            rounds += 1
    tell("races: creations", rounds=rounds, clients=CLIENTS, winners=rounds)


def test_no_increment_of_an_object_is_lost(clients: list[StorageCalls]) -> None:
    clients[0].upload("media", "counter", b"0")
    times, refused = scaled(10), Counter[int]()

    def count(client: int) -> None:
        calls = clients[client]
        for _ in range(times):
            while True:
                found = calls.read("counter")
                content, generation = found.content, found.headers["x-goog-generation"]
                assert found.headers["x-goog-hash"] == hash_header(content)
                kind = UPLOADS[client % len(UPLOADS)]
                answer = calls.upload(kind, "counter", b"%d" % (int(content) + 1), ifGenerationMatch=generation)
                if answer.status_code == 200:
                    break
                assert answer.status_code == 412, answer.text
                refused[client] += 1

    at_once(CLIENTS, count)
    assert clients[0].read("counter").content == b"%d" % (CLIENTS * times)
    tell("races: increments of an object", done=CLIENTS * times, lost=0, refused=refused.total())


def test_no_change_of_fields_is_lost(clients: list[StorageCalls]) -> None:
    """Patches of other keys of the metadata do not undo each other, and each counts the metageneration up."""
    clients[0].upload("media", "patched", b"x")
    times = scaled(10)

    def patch(client: int) -> None:
        for number in range(times):
            answer = clients[client].patch("patched", {"metadata": {f"client{client}": str(number)}})
            assert answer.status_code == 200, answer.text

    at_once(CLIENTS, patch)
    shown = clients[0].show("patched").json()
    assert shown["metadata"] == {f"client{client}": str(times - 1) for client in range(CLIENTS)}
    assert int(shown["metageneration"]) == 1 + CLIENTS * times
    query = {"ifMetagenerationMatch": shown["metageneration"]}
    answers = at_once(CLIENTS, lambda client: clients[client].patch("patched", {"metadata": {"last": "x"}}, **query))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: CLIENTS - 1}
    tell("races: changes of fields", done=CLIENTS * times, lost=0)


def test_readers_never_see_a_mix_nor_an_older_one(clients: list[StorageCalls]) -> None:
    """While one name is overwritten in every way, each answer is whole, and never older than the one before it."""
    writers, readers = clients[:2], clients[2:]
    clients[0].upload("media", "mixed", digested.make(chance("mixed"), 3_000_000))
    done = threading.Event()
    seen: Counter[str] = Counter()

    def write(client: int) -> None:
        random = chance("races", "mixed", client)
        try:
            for number in range(scaled(30)):
                step = random.choice([*UPLOADS, "copyTo", "rewriteTo"])
                content = digested.make(random, 3_000_000)
                if step in UPLOADS:
                    answer = writers[client].upload(step, "mixed", content)
                else:
                    assert writers[client].upload("media", f"other{client}", content).status_code == 200
                    answer = writers[client].transfer(step, f"other{client}", "mixed")
                assert answer.status_code == 200, (number, step, answer.text)
                seen["written"] += 1
        finally:
            done.set()

    def read(client: int) -> None:
        calls, last = readers[client], 0
        while not done.is_set():
            answer = calls.read("mixed")
            assert answer.status_code == 200, answer.text
            assert digested.is_whole(answer.content)
            assert answer.headers["x-goog-hash"] == hash_header(answer.content)
            assert int(answer.headers["x-goog-generation"]) >= last
            last = int(answer.headers["x-goog-generation"])
            (item,) = calls.listed("mixed")
            assert int(item["generation"]) >= last
            # It is there all the time.
            copied = calls.transfer("copyTo", "mixed", f"copy{client}")
            assert copied.status_code == 200, copied.text
            composed = calls.compose(["mixed"], f"composed{client}")
            assert composed.status_code == 200, composed.text
            assert digested.is_whole(calls.read(f"copy{client}").content)
            assert digested.is_whole(calls.read(f"composed{client}").content)
            seen["read"] += 1

    at_once(CLIENTS, lambda client: write(client) if client < len(writers) else read(client - len(writers)))
    tell("races: readers", **seen, mixed=0)


def test_one_of_many_moves_takes_the_object(clients: list[StorageCalls]) -> None:
    rounds = scaled(5)
    for number in range(rounds):
        source = f"moving/{number}"
        clients[0].upload("media", source, source.encode())
        answers = at_once(
            CLIENTS,
            lambda client, source=source: clients[client].transfer("moveTo", source, f"{source}/{client}"),  # type: ignore[misc]
        )
        assert Counter(answer.status_code for answer in answers) == {200: 1, 404: CLIENTS - 1}
        (item,) = clients[0].listed(source)
        assert clients[0].read(item["name"]).content == source.encode()
    tell("races: moves", rounds=rounds, winners=rounds)


def test_deleting_at_once_succeeds_once(clients: list[StorageCalls]) -> None:
    for number in range(scaled(5)):
        name = f"deleted/{number}"
        clients[0].upload("media", name, b"x")
        answers = at_once(CLIENTS, lambda client, name=name: clients[client].delete(name))  # type: ignore[misc]
        assert Counter(answer.status_code for answer in answers) == {204: 1, 404: CLIENTS - 1}


def test_a_resumable_upload_that_is_sent_and_ended_many_times_is_one_object(clients: list[StorageCalls]) -> None:
    """Clients that wait in vain for an answer send the same bytes, and the end, again."""
    seen: Counter[int] = Counter()
    rounds = scaled(5)
    for number in range(rounds):
        content = digested.make(chance("races", "resumable", number), 2_000_000)
        name = f"resumed/{number}"
        place = clients[0].begin(name).headers["location"]
        answers = at_once(
            CLIENTS,
            lambda client, place=place, content=content: clients[client].go_on(place, content),  # type: ignore[misc]
        )
        told = Counter(answer.status_code for answer in answers)
        assert told[200] >= 1, told
        # 400: the pieces of another one have come further; 503: it is becoming an object.
        assert told.keys() <= {200, 400, 503}, told
        assert len({answer.json()["generation"] for answer in answers if answer.status_code == 200}) == 1
        seen.update(told)
        found = clients[0].read(name)
        assert found.content == content
        assert found.headers["x-goog-hash"] == hash_header(content)
        assert clients[0].arrived(place).json()["generation"] == found.headers["x-goog-generation"]
    tell("races: resumable uploads", rounds=rounds, **{f"answered_{code}": times for code, times in seen.items()})


def test_lists_hold_each_object_once_while_others_come_and_go(clients: list[StorageCalls]) -> None:
    kept = {f"listed/{number:03}" for number in range(40)}
    for name in kept:
        clients[0].upload("media", name, b"x")
    done = threading.Event()

    def come_and_go(client: int) -> None:
        try:
            for number in range(scaled(20)):
                name = f"listed/{number % 40:03}-{client}"
                assert clients[client].upload("media", name, b"x").status_code == 200
                assert clients[client].delete(name).status_code == 204
        finally:
            done.set()

    def look(client: int) -> None:
        for page in itertools.cycle((3, 7, 1000)):
            names = [item["name"] for item in clients[client].listed("listed/", page)]
            assert names == sorted(set(names))
            assert kept <= set(names)
            if done.is_set():
                return

    at_once(CLIENTS, lambda client: look(client) if client < 2 else come_and_go(client))


# The API


@pytest.fixture
def apis(raced: AttackedEmulator) -> Iterator[list[httpx.Client]]:
    """A connection to the API for each thread."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(httpx.Client(base_url=f"{raced.address}/v1/", trust_env=False, timeout=patience_s()))
            for _ in range(CLIENTS)
        ]


def made(http: httpx.Client, kind: str, name: str) -> str:
    """A new resource's name."""
    answer = http.post(KINDS[kind].create, json=KINDS[kind].body(name, 0))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    resource = told.get("response", told)
    return str(resource.get("model", resource.get("name")))


@pytest.mark.parametrize("kind", ["endpoint", "model"])
def test_no_increment_under_an_etag_is_lost(apis: list[httpx.Client], kind: str) -> None:
    name = made(apis[0], kind, "counted")
    times, refused = scaled(6), Counter[int]()

    def count(client: int) -> None:
        for _ in range(times):
            while True:
                found = apis[client].get(name).json()
                number = KINDS[kind].number(found)
                assert number is not None, found
                body = {**KINDS[kind].change(number + 1), "etag": found["etag"]}
                answer = apis[client].patch(f"{name}?updateMask={KINDS[kind].mask}", json=body)
                if answer.status_code == 200:
                    break
                assert answer.json()["error"]["status"] == "FAILED_PRECONDITION", answer.text
                refused[client] += 1

    at_once(CLIENTS, count)
    assert KINDS[kind].number(apis[0].get(name).json()) == CLIENTS * times
    tell(f"races: increments of a {kind}", done=CLIENTS * times, lost=0, refused=refused.total())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind].mask])
def test_readers_see_whole_resources_alone(apis: list[httpx.Client], kind: str) -> None:
    name = made(apis[0], kind, f"read-{kind}")
    done = threading.Event()
    seen: Counter[str] = Counter()

    def write(client: int) -> None:
        try:
            for number in range(scaled(15)):
                path = f"{name}?updateMask={KINDS[kind].mask}"
                answer = apis[client].patch(path, json=KINDS[kind].change(client * 1000 + number))
                assert answer.status_code == 200, answer.text
                seen["written"] += 1
        finally:
            done.set()

    def read(client: int) -> None:
        while not done.is_set():
            assert KINDS[kind].number(apis[client].get(name).json()) is not None
            listed = apis[client].get(f"{KINDS[kind].collection}?pageSize=1000").json()[KINDS[kind].field]
            (found,) = (one for one in listed if one["name"] == name)
            assert KINDS[kind].number(found) is not None
            seen["read"] += 1

    at_once(CLIENTS, lambda client: write(client) if client < 2 else read(client))
    tell(f"races: readers of a {kind}", **seen, mixed=0)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{STORE}/artifacts?artifactId=NAME", {}),
        (f"{STORE}/contexts?contextId=NAME", {}),
        (f"{STORE}/executions?executionId=NAME", {}),
        (f"{LOCATION}/endpoints?endpointId=NAME", {"displayName": "raced"}),
        (f"{LOCATION}/models:upload", {"modelId": "NAME", "model": {"displayName": "raced"}}),
        (f"{LOCATION}/metadataStores?metadataStoreId=NAME", {}),
    ],
)
def test_one_of_many_gets_an_id_and_one_deletes_it(apis: list[httpx.Client], path: str, body: dict[str, Any]) -> None:
    for number in range(scaled(2)):
        # A number for an endpoint's id, letters for all others.
        taken = f"{7_000 + number}" if "endpoints" in path else f"raced-{number}"
        sent = {key: taken if value == "NAME" else value for key, value in body.items()}
        where = path.replace("NAME", taken)
        answers = at_once(CLIENTS, lambda client, where=where, sent=sent: apis[client].post(where, json=sent))  # type: ignore[misc]
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: CLIENTS - 1}, answers[0].text
        collection = path.partition("?")[0].partition(":")[0]
        name = f"{collection}/{taken}"
        assert apis[0].get(name).status_code == 200
        answers = at_once(CLIENTS, lambda client, name=name: apis[client].delete(name))  # type: ignore[misc]
        assert Counter(answer.status_code for answer in answers) == {200: 1, 404: CLIENTS - 1}
        assert apis[0].get(name).status_code == 404


def test_updates_of_other_fields_do_not_undo_each_other(apis: list[httpx.Client]) -> None:
    name = made(apis[0], "endpoint", "masked")
    changes: list[tuple[str, str]] = [("displayName", "{}"), ("description", "described {}")]
    times = scaled(8)

    def change(client: int) -> None:
        field, text = changes[client % 2]
        for number in range(times):
            answer = apis[client].patch(f"{name}?updateMask={field}", json={field: text.format(f"{client}-{number}")})
            assert answer.status_code == 200, answer.text
            assert answer.json()[field] == text.format(f"{client}-{number}")

    at_once(2, change)
    found = apis[0].get(name).json()
    assert (found["displayName"], found["description"]) == (f"0-{times - 1}", f"described 1-{times - 1}")


def test_a_schedule_that_is_paused_and_resumed_at_once_is_one_of_both(apis: list[httpx.Client]) -> None:
    name = made(apis[0], "schedule", "paused")
    for _ in range(scaled(3)):
        answers = at_once(CLIENTS, lambda client: apis[client].post(f"{name}:pause", json={}))
        assert Counter(answer.status_code for answer in answers) == {200: 1, 400: CLIENTS - 1}
        answers = at_once(CLIENTS, lambda client: apis[client].post(f"{name}:resume", json={}))
        assert Counter(answer.status_code for answer in answers) == {200: 1, 400: CLIENTS - 1}
    assert apis[0].get(name).json()["state"] == "ACTIVE"
