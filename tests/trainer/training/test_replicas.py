from __future__ import annotations

import json
from typing import Any

import pytest

from trainer.errors import UsageError
from trainer.training.replicas import require_alone

CHIEF = {"type": "chief", "index": 0}
WORKER = {"type": "worker", "index": 1}


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
def test_a_replica_that_is_alone_may_train(environment: dict[str, str]) -> None:
    require_alone(environment)


@pytest.mark.parametrize(
    ("cluster", "task", "others"),
    [
        ({"chief": ["a:1"], "worker": ["b:1"]}, CHIEF, "1 other replica (worker 0)"),
        ({"worker": ["a:1", "b:1", "c:1"]}, WORKER, "2 other replicas (worker 0, worker 2)"),
        ({"worker": ["a:1", "b:1"]}, {}, "1 other replica (worker 1)"),
        ({"chief": ["a:1"]}, {"type": "evaluator", "index": 0}, "1 other replica (chief 0)"),
    ],
)
def test_a_replica_among_others_may_not(cluster: dict[str, list[str]], task: dict[str, Any], others: str) -> None:
    with pytest.raises(UsageError) as refused:
        require_alone(told(cluster, task))
    assert str(refused.value) == (
        f"TF_CONFIG names {others}, and this trainer trains on one machine. Give the job one replica, or unset it."
    )


@pytest.mark.parametrize(
    "text",
    ["worker", "[1]", '{"cluster": ["a:1"]}', '{"cluster": {"worker": 1}}', '{"cluster": {}, "task": {"index": 0}}'],
)
def test_a_tf_config_that_cannot_be_read_is_not_ignored(text: str) -> None:
    with pytest.raises(UsageError, match=r"TF_CONFIG cannot be read: it must be an object .* Received: .* Unset it"):
        require_alone({"TF_CONFIG": text})
