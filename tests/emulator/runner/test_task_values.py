from __future__ import annotations

import json

from emulator.runner.task_values import given_to


def test_given_to_reads_the_executor_input_of_a_command() -> None:
    artifact = {
        "name": "rows",
        "type": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"},
        "uri": "/root/rows",
        "metadata": {"rows": 3.0},
    }
    given = {
        "inputs": {
            "parameterValues": {"steps": 5, "pipelinechannel--rate": "0.5"},
            "artifacts": {"rows": {"artifacts": [artifact]}},
        }
    }
    values = given_to(["sh", "-ec", "...", "--executor_input", json.dumps(given), "--function_to_execute", "train"])
    assert values.parameters == {"steps": 5}
    assert values.artifacts == {
        "rows": [
            {
                "name": "rows",
                "uri": "/root/rows",
                "schemaTitle": "system.Dataset",
                "schemaVersion": "0.0.1",
                "metadata": {"rows": 3.0},
            }
        ]
    }


def test_given_to_of_a_task_without_inputs_is_empty() -> None:
    values = given_to(["--executor_input", "{}"])
    assert (values.parameters, values.artifacts) == ({}, {})
