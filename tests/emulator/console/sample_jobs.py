"""A pipeline's definition and a run of it, in the API's JSON form, small enough to be read."""

from __future__ import annotations

from typing import Any

NAME = "projects/p/locations/us-central1/pipelineJobs/flowers-1"
SPEC: dict[str, Any] = {
    "pipelineInfo": {"name": "flowers"},
    "schemaVersion": "2.1.0",
    "deploymentSpec": {
        "executors": {
            "exec-read": {"importer": {"artifactUri": {"constant": "gs://b/rows"}}},
            "exec-train": {"container": {"image": "trainer:1"}},
        }
    },
    "components": {
        "comp-read": {"executorLabel": "exec-read"},
        "comp-train": {"executorLabel": "exec-train"},
        "comp-condition-1": {"dag": {"tasks": {"deploy": {"componentRef": {"name": "comp-train"}}}}},
        "comp-for-loop-2": {"dag": {"tasks": {"say": {"componentRef": {"name": "comp-train"}}}}},
    },
    "root": {
        "inputDefinitions": {
            "parameters": {
                "steps": {"parameterType": "NUMBER_INTEGER", "defaultValue": 100.0},
                "source": {"parameterType": "STRING"},
            }
        },
        "dag": {
            "tasks": {
                "condition-1": {
                    "componentRef": {"name": "comp-condition-1"},
                    "dependentTasks": ["train"],
                    "taskInfo": {"name": "gate is open"},
                    "triggerPolicy": {
                        "condition": "inputs.parameter_values['pipelinechannel--train-passed'] == true",
                    },
                },
                "for-loop-2": {"componentRef": {"name": "comp-for-loop-2"}, "parameterIterator": {"itemInput": "i"}},
                "read": {"componentRef": {"name": "comp-read"}},
                "train": {
                    "componentRef": {"name": "comp-train"},
                    "dependentTasks": ["read"],
                    "taskInfo": {"name": "Train the model"},
                },
            }
        },
    },
}
METRICS = {
    "schemaTitle": "system.Metrics",
    "uri": "gs://b/root/train/metrics",
    "metadata": {"accuracy": 0.9667, "rows": 30.0, "note": "text", "sure": True},
}
CLASSIFICATION = {
    "schemaTitle": "system.ClassificationMetrics",
    "uri": "gs://b/root/train/classification",
    "metadata": {
        "confusionMatrix": {
            "annotationSpecs": [{"displayName": "no"}, {"displayName": "yes"}],
            "rows": [{"row": [8.0, 2.0]}, {"row": [1.0, 9.0]}],
        },
        "confidenceMetrics": [
            {"confidenceThreshold": 0.1, "recall": 1.0, "falsePositiveRate": 1.0},
            {"confidenceThreshold": 0.9, "recall": 0.8},
        ],
    },
}


def detail(number: int, name: str, parent: str = "1", **fields: Any) -> dict[str, Any]:
    """A task detail; its name is the last part of its unique name. The run itself has no parent."""
    return {
        "taskId": str(number),
        **({"parentTaskId": parent} if parent else {}),
        "taskName": name.rpartition(".")[2],
        "taskUniqueName": name,
        "state": "SUCCEEDED",
        "createTime": "2026-01-31T12:00:00.250000Z",
        "startTime": "2026-01-31T12:00:01Z",
        "endTime": "2026-01-31T12:00:13.500000Z",
        **fields,
    }


def job(**fields: Any) -> dict[str, Any]:
    """A run of the pipeline."""
    trained: dict[str, Any] = {
        "execution": {
            "state": "COMPLETE",
            "metadata": {"input:steps": 100.0, "output:passed": True, "other": 1},
        },
        "executorDetail": {"containerDetail": {"mainJob": "projects/p/locations/us-central1/customJobs/123"}},
        "inputs": {"rows": {"artifacts": [{"schemaTitle": "system.Dataset", "uri": "gs://b/rows"}]}},
        "outputs": {"metrics": {"artifacts": [METRICS]}, "classification": {"artifacts": [CLASSIFICATION]}},
        "pipelineTaskStatus": [
            {"updateTime": "2026-01-31T12:00:01Z", "state": "RUNNING"},
            {"updateTime": "2026-01-31T12:00:02Z", "state": "FAILED", "error": {"message": "once"}},
            {"updateTime": "2026-01-31T12:00:13Z", "state": "SUCCEEDED"},
        ],
    }
    details = [
        detail(1, "flowers", parent="", taskUniqueName=""),
        detail(2, "read"),
        detail(3, "train", **trained),
        detail(4, "condition-1", state="NOT_TRIGGERED"),
        detail(5, "condition-1.deploy", parent="4", state="NOT_TRIGGERED"),
        detail(6, "for-loop-2"),
        *(detail(10 + number, f"for-loop-2-iteration-{number}", parent="6") for number in (0, 1)),
        *(
            detail(20 + number, f"for-loop-2-iteration-{number}.say", parent=f"{10 + number}", state="SKIPPED")
            for number in (0, 1)
        ),
    ]
    return {
        "name": NAME,
        "displayName": "Flowers",
        "state": "PIPELINE_STATE_SUCCEEDED",
        "createTime": "2026-01-31T12:00:00.123456789Z",
        "startTime": "2026-01-31T12:00:00.500Z",
        "endTime": "2026-01-31T12:03:05.500Z",
        "updateTime": "2026-01-31T12:03:05.500Z",
        "labels": {"git": "1d38b83", "vertex-ai-pipelines-run-billing-id": "1"},
        "scheduleName": "projects/p/locations/us-central1/schedules/7",
        "pipelineSpec": SPEC,
        "runtimeConfig": {"gcsOutputDirectory": "gs://b/root", "parameterValues": {"source": "a.csv"}},
        "jobDetail": {"taskDetails": details},
        **fields,
    }
