from __future__ import annotations

import json
from typing import Any

import pytest

from trainer.errors import UsageError
from trainer.training.replicas import Cluster, Member, read_cluster

CHIEF = {"type": "chief", "index": 0}
WORKER = {"type": "worker", "index": 1}
TWO = {"worker": ["b:1", "c:1"], "chief": ["a:1"]}


def told(cluster: Any, task: Any) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"TF_CONFIG": " "},
        {"TF_CONFIG": "{}"},
        {"TF_CONFIG": '{"cluster": {"worker": ["here:2222"]}}'},
        told({}, CHIEF),
        told({"chief": ["here:2222"]}, CHIEF),
        told({"worker": ["here:2222"]}, {"type": "worker", "index": "0"}),
    ],
)
def test_replica_may_be_alone(environment: dict[str, str]) -> None:
    assert read_cluster(environment) == Cluster()
    assert Cluster().size == 1


@pytest.mark.parametrize(
    ("cluster", "task", "names", "rank"),
    [
        (TWO, CHIEF, ["chief 0", "worker 0", "worker 1"], 0),
        (TWO, WORKER, ["chief 0", "worker 0", "worker 1"], 2),
        ({"worker": ["b:1"], "master": ["a:1"]}, {"type": "worker", "index": 0}, ["master 0", "worker 0"], 1),
        ({"worker": ["a:1", "b:1"]}, {"type": "worker"}, ["worker 0", "worker 1"], 0),
    ],
)
def test_cluster_has_its_primary_first(
    cluster: dict[str, list[str]], task: dict[str, Any], names: list[str], rank: int
) -> None:
    found = read_cluster(told(cluster, task))
    assert ([member.name for member in found.members], found.rank) == (names, rank)
    assert found.members[0] == Member(names[0], "a", 1)


@pytest.mark.parametrize(
    ("cluster", "task", "sentence"),
    [
        (TWO | {"ps": ["d:1"]}, CHIEF, r"names ps 0, and this trainer has nothing for such a task to do"),
        (TWO, {"type": "evaluator", "index": 0}, r"chief 0, and this replica is evaluator 0\. .* worker pools 0 and 1"),
        (TWO, {"type": "worker", "index": 2}, r"this replica is worker 2\. Each replica must be one of those"),
        (TWO, {}, r"and which of them this replica is, `task` does not say"),
        (
            {"chief": ["a:1"]},
            {"type": "evaluator", "index": 0},
            r"names the replicas chief 0, and this replica is eval",
        ),
        (TWO | {"master": ["d:1"]}, CHIEF, r"names 2 primaries \(chief 0, master 0\)\. Name one chief"),
        ({"chief": ["a:1"], "worker": ["a:1"]}, CHIEF, r"gives the address a:1 to several replicas"),
    ],
)
def test_cluster_that_cannot_learn_together_is_refused(cluster: Any, task: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=f"^TF_CONFIG .*{sentence}"):
        read_cluster(told(cluster, task))


@pytest.mark.parametrize(
    "text",
    [
        "worker",
        "[1]",
        '{"cluster": ["a:1"]}',
        '{"cluster": {"worker": 1}}',
        '{"cluster": {"worker": "a:1"}}',
        '{"cluster": {"worker": ["a"]}}',
        '{"cluster": {"worker": ["a:b"]}}',
        '{"cluster": {}, "task": {"index": 0}}',
    ],
)
def test_tf_config_that_cannot_be_read_is_not_ignored(text: str) -> None:
    with pytest.raises(UsageError, match=r"TF_CONFIG cannot be read: it must be an object .* Received: .* Unset it"):
        read_cluster({"TF_CONFIG": text})


def test_batch_is_shared_evenly() -> None:
    three = read_cluster(told(TWO, CHIEF))
    three.require_divides(42)
    Cluster().require_divides(41)
    for batch_size, nearest in ((40, 39), (1, 3)):
        with pytest.raises(UsageError, match=rf"replicas, 3: .* Received: {batch_size}\. Use {nearest}, for example"):
            three.require_divides(batch_size)
