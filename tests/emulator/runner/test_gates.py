from __future__ import annotations

import json
from typing import Any

from emulator.runner.gates import Gates
from emulator.runner.pipeline_spec import parse_spec
from tests.emulator.runner.specs import spec, task

CONDITION = "inputs.parameter_values['loss'] < 0.5"
INPUTS = {"parameters": {"loss": {"taskOutputParameter": {"producerTask": "train", "outputParameterKey": "loss"}}}}


class Store:
    """kfp.local's store of a group's values, of which the gates need one method."""

    def __init__(self, **given: Any) -> None:
        self._given = given

    def get_task_output(self, task_name: str, key: str) -> Any:
        if key not in self._given:
            raise ValueError(f"{task_name} has no {key}")
        return self._given[key]


def gates() -> Gates:
    gate = task("gate", "train", inputs=INPUTS, triggerPolicy={"condition": CONDITION})
    document = spec({"train": task("train"), "condition-1": gate}, {"gate": {"approve": task("approve")}})
    return Gates(parse_spec(json.dumps(document), source="small.yaml"))


def test_gates_open_and_close() -> None:
    assert gates().evaluate_condition(CONDITION, Store(loss=0.25))
    assert not gates().evaluate_condition(CONDITION, Store(loss=0.75))


def test_gates_tell_once_why_they_cannot_be_decided() -> None:
    undecided = gates()
    assert undecided.evaluate_condition(CONDITION, Store())
    assert undecided.take_fault() == (
        f"The condition {CONDITION} cannot be decided: the task behind loss gave no such output."
    )
    assert undecided.take_fault() == ""
    assert undecided.evaluate_condition(CONDITION, Store(loss="low"))
    assert undecided.take_fault().startswith(f"The condition {CONDITION} cannot be decided for 'low': ")
