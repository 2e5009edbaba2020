"""How contexts, artifacts and executions are related to one another (D4), and the graphs of it, over raw HTTP."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.vertex_emulator import VertexEmulator

pytestmark = pytest.mark.run

INVALID = (400, "INVALID_ARGUMENT")
ABSENT = (404, "NOT_FOUND")
NUMBERS = itertools.count()

Make = Callable[..., str]


@pytest.fixture
def store(emulator: VertexEmulator) -> str:
    """A metadata store of its own for each test."""
    location = f"projects/links-{next(NUMBERS)}/locations/us-central1"
    emulator.post(f"{location}/metadataStores?metadataStoreId=default")
    return f"{location}/metadataStores/default"


@pytest.fixture
def make(emulator: VertexEmulator, store: str) -> Make:
    """Makes a context, an artifact or an execution called a name of four letters or more."""

    def made(name: str, **fields: Any) -> str:
        noun = {"a": "artifact", "c": "context", "e": "execution"}[name[0]]
        return str(emulator.post(f"{store}/{noun}s?{noun}Id={name}", fields)["name"])

    return made


def add_children(emulator: VertexEmulator, parent: str, *children: str) -> None:
    emulator.post(f"{parent}:addContextChildren", {"childContexts": list(children)})


def parents(emulator: VertexEmulator, context: str) -> list[str]:
    return list(emulator.get(context).get("parentContexts", []))


def add_events(emulator: VertexEmulator, execution: str, *artifacts: str, kind: str = "OUTPUT") -> None:
    events = [{"artifact": artifact, "type": kind} for artifact in artifacts]
    emulator.post(f"{execution}:addExecutionEvents", {"events": events})


def ids(graph: dict[str, Any]) -> dict[str, set[str]]:
    """The ids in a graph, events as `artifact TYPE execution`."""
    found = {
        key: {node["name"].rpartition("/")[2] for node in nodes} for key, nodes in graph.items() if key != "events"
    }
    events = graph.get("events", [])
    found["events"] = {f"{event['artifact'][-4:]} {event['type']} {event['execution'][-4:]}" for event in events}
    return found


@pytest.fixture
def chain(emulator: VertexEmulator, make: Make) -> dict[str, str]:
    """Data to a model to metrics: ada1 -> etr1 -> amo1 -> eev1 -> ame1."""
    names = {name: make(name) for name in ("ada1", "etr1", "amo1", "eev1", "ame1")}
    add_events(emulator, names["etr1"], names["ada1"], kind="INPUT")
    add_events(emulator, names["etr1"], names["amo1"])
    add_events(emulator, names["eev1"], names["amo1"], kind="INPUT")
    add_events(emulator, names["eev1"], names["ame1"])
    return names


def test_d4_children_are_added_once(emulator: VertexEmulator, make: Make) -> None:
    parent, child = make("ctop"), make("csub")
    add_children(emulator, parent, child)
    add_children(emulator, parent, child, child)
    assert parents(emulator, child) == [parent]


def test_d4_children_are_removed_and_others_skipped(emulator: VertexEmulator, make: Make) -> None:
    parent, child, other = make("ctop"), make("csub"), make("coth")
    add_children(emulator, parent, child)
    emulator.post(f"{parent}:removeContextChildren", {"childContexts": [child, other]})
    assert parents(emulator, child) == []


def test_d4_refuses_circles(emulator: VertexEmulator, make: Make) -> None:
    top, middle, bottom = make("ctop"), make("cmid"), make("cbot")
    add_children(emulator, top, middle)
    add_children(emulator, middle, bottom)
    for parent, child in ((top, top), (middle, top), (bottom, top)):
        status, name, message = emulator.refused("POST", f"{parent}:addContextChildren", {"childContexts": [child]})
        assert (status, name) == INVALID
        assert "would close a circle" in message


def test_d4_refuses_more_than_ten_parents(emulator: VertexEmulator, make: Make) -> None:
    child = make("csub")
    for number in range(10):
        add_children(emulator, make(f"cto{number}"), child)
    eleventh = make("cto-11")
    message = emulator.refused("POST", f"{eleventh}:addContextChildren", {"childContexts": [child]})[2]
    assert "at most 10 parents" in message
    assert len(parents(emulator, child)) == 10


def test_d4_adds_all_children_or_none(emulator: VertexEmulator, store: str, make: Make) -> None:
    parent, child = make("ctop"), make("csub")
    body = {"childContexts": [child, f"{store}/contexts/none"]}
    assert emulator.refused("POST", f"{parent}:addContextChildren", body)[:2] == ABSENT
    assert parents(emulator, child) == []


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("addContextChildren", {"childContexts": ["csub"]}),
        ("addContextChildren", {"childContexts": ["projects/p/locations/l/metadataStores/default/contexts/csub"]}),
        ("addContextArtifactsAndExecutions", {"artifacts": ["projects/p/locations/l/metadataStores/x/artifacts/a"]}),
    ],
)
def test_d4_refuses_names_of_another_store(
    emulator: VertexEmulator, make: Make, verb: str, body: dict[str, Any]
) -> None:
    assert emulator.refused("POST", f"{make('ctop')}:{verb}", body)[:2] == INVALID


def test_d4_a_context_takes_no_artifact_for_an_execution(emulator: VertexEmulator, make: Make) -> None:
    body = {"executions": [make("aone")]}
    message = emulator.refused("POST", f"{make('ctop')}:addContextArtifactsAndExecutions", body)[2]
    assert "must name executions of" in message


def test_a_deleted_context_leaves_its_children_and_what_it_held(
    emulator: VertexEmulator, store: str, make: Make
) -> None:
    context, child, artifact = make("ctop"), make("csub"), make("aone")
    add_children(emulator, context, child)
    emulator.post(f"{context}:addContextArtifactsAndExecutions", {"artifacts": [artifact]})
    emulator.call("DELETE", f"/v1/{context}")
    assert parents(emulator, child) == []
    assert emulator.get(artifact)
    make("ctop")
    assert emulator.get(f'{store}/artifacts?filter=in_context("{context}")') == {}


def test_events_are_added_once_for_an_artifact(emulator: VertexEmulator, chain: dict[str, str]) -> None:
    add_events(emulator, chain["etr1"], chain["ada1"], kind="OUTPUT")
    graph = emulator.get(f"{chain['etr1']}:queryExecutionInputsAndOutputs")
    assert ids(graph)["events"] == {"ada1 INPUT etr1", "amo1 OUTPUT etr1"}
    assert all(event["eventTime"] for event in graph["events"])


@pytest.mark.parametrize(
    ("event", "field"),
    [({"type": "INPUT"}, "events.artifact"), ({"artifact": "ada1"}, "events.artifact"), ({"labels": {"A": ""}}, "")],
)
def test_events_that_make_no_sense_are_refused(
    emulator: VertexEmulator, chain: dict[str, str], event: dict[str, Any], field: str
) -> None:
    status, name, message = emulator.refused("POST", f"{chain['etr1']}:addExecutionEvents", {"events": [event]})
    assert (status, name) == INVALID
    assert field in message


@pytest.mark.parametrize(("event", "word"), [({}, "INPUT or OUTPUT"), ({"type": 1, "labels": {"A": ""}}, "label keys")])
def test_events_need_a_type_and_good_labels(
    emulator: VertexEmulator, chain: dict[str, str], event: dict[str, Any], word: str
) -> None:
    body = {"events": [{"artifact": chain["ame1"], **event}]}
    assert word in emulator.refused("POST", f"{chain['etr1']}:addExecutionEvents", body)[2]


def test_execution_tells_its_inputs_and_outputs(emulator: VertexEmulator, chain: dict[str, str]) -> None:
    graph = emulator.get(f"{chain['eev1']}:queryExecutionInputsAndOutputs")
    assert ids(graph) == {
        "artifacts": {"amo1", "ame1"},
        "executions": {"eev1"},
        "events": {"amo1 INPUT eev1", "ame1 OUTPUT eev1"},
    }


def test_context_tells_what_it_holds_and_the_events_between(
    emulator: VertexEmulator, make: Make, chain: dict[str, str]
) -> None:
    context = make("crun")
    body = {"artifacts": [chain["amo1"], chain["ame1"]], "executions": [chain["etr1"]]}
    emulator.post(f"{context}:addContextArtifactsAndExecutions", body)
    emulator.post(f"{context}:addContextArtifactsAndExecutions", body)
    graph = emulator.get(f"{context}:queryContextLineageSubgraph")
    assert ids(graph) == {
        "artifacts": {"amo1", "ame1"},
        "executions": {"etr1"},
        "events": {"amo1 OUTPUT etr1"},
    }


@pytest.mark.parametrize(
    ("query", "artifacts", "executions"),
    [
        ("", {"ada1", "amo1", "ame1"}, {"etr1", "eev1"}),
        ("?maxHops=1", {"ada1"}, {"etr1"}),
        ("?maxHops=2", {"ada1", "amo1"}, {"etr1"}),
        ("?maxHops=3", {"ada1", "amo1"}, {"etr1", "eev1"}),
        ('?filter=name!="*/amo1"', {"ada1"}, {"etr1"}),
    ],
)
def test_artifact_tells_where_it_went_some_hops_away(
    emulator: VertexEmulator, chain: dict[str, str], query: str, artifacts: set[str], executions: set[str]
) -> None:
    found = ids(emulator.get(f"{chain['ada1']}:queryArtifactLineageSubgraph{query}"))
    assert (found["artifacts"], found["executions"]) == (artifacts, executions)
    assert all(event.split()[0] in artifacts and event.split()[2] in executions for event in found["events"])


def test_graphs_of_what_is_not_there_are_refused(emulator: VertexEmulator, store: str, chain: dict[str, str]) -> None:
    for path in ("executions/none:queryExecutionInputsAndOutputs", "contexts/none:queryContextLineageSubgraph"):
        assert emulator.refused("GET", f"{store}/{path}")[:2] == ABSENT
    assert emulator.refused("GET", f"{store}/artifacts/none:queryArtifactLineageSubgraph")[:2] == ABSENT
    assert emulator.refused("GET", f"{chain['ada1']}:queryArtifactLineageSubgraph?maxHops=-1")[:2] == INVALID


def test_a_deleted_artifact_takes_its_events_along(emulator: VertexEmulator, make: Make, chain: dict[str, str]) -> None:
    emulator.call("DELETE", f"/v1/{chain['amo1']}")
    assert ids(emulator.get(f"{chain['etr1']}:queryExecutionInputsAndOutputs"))["events"] == {"ada1 INPUT etr1"}
    make("amo1")
    assert ids(emulator.get(f"{chain['amo1']}:queryArtifactLineageSubgraph")) == {
        "artifacts": {"amo1"},
        "events": set(),
    }
