"""What a training service tells a replica of the others, by TensorFlow's variable TF_CONFIG."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trainer.errors import UsageError, quoted

TF_CONFIG = "TF_CONFIG"


def require_alone(environment: Mapping[str, str]) -> None:
    """Makes sure that no other replica trains along: each would train a model of its own, and all write to one folder.

    Args:
        environment: Where TF_CONFIG may name the replicas of a job, as tf.distribute reads it:
            `{"cluster": {"chief": ["host:port"], "worker": [...]}, "task": {"type": "chief", "index": 0}}`. A job of
            one replica has it too.

    Raises:
        UsageError: It names other replicas than this one, or cannot be read.
    """
    text = environment.get(TF_CONFIG, "")
    if not text.strip():
        return
    try:
        others = _others(json.loads(text))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise UsageError(
            f"{TF_CONFIG} cannot be read: it must be an object with the members `cluster` and `task`. Received: "
            f"{quoted(text)}. Unset it to train on one machine."
        ) from error
    if others:
        raise UsageError(
            f"{TF_CONFIG} names {len(others)} other replica{'s' if len(others) > 1 else ''} ({', '.join(others)}), and "
            "this trainer trains on one machine. Give the job one replica, or unset it."
        )


def _others(config: Any) -> list[str]:
    """The other replicas by their tasks, such as `worker 1`."""
    tasks = [f"{kind} {index}" for kind, hosts in config.get("cluster", {}).items() for index in range(len(hosts))]
    task = config.get("task", {})
    own = f"{task['type']} {int(task.get('index', 0))}" if task else "".join(tasks[:1])
    return [name for name in tasks if name != own]
