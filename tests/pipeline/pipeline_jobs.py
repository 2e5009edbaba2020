"""Vertex AI's answers about runs, made by hand for the tests of what reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.cloud.aiplatform_v1.types import PipelineJob

IMAGE = "us-docker.pkg.dev/p/r/trainer:1"
RUN = "projects/p/locations/us-central1/pipelineJobs/run-1"
SUM = "0123456789abcdef" * 4


def spec() -> dict[str, Any]:
    """A pipeline of two tasks, a third one behind a condition, and a fourth in a loop."""
    integer, text = {"parameterType": "NUMBER_INTEGER"}, {"parameterType": "STRING"}
    executor = {"container": {"image": IMAGE}}
    return {
        "pipelineInfo": {"name": "wine"},
        "root": {
            "dag": {
                "tasks": {
                    "condition-1": _group("comp-condition-1", "gate is open", after=["train-model"]),
                    "for-loop-1": {**_group("comp-for-loop-1", "each"), "parameterIterator": {}},
                    "train-model": {
                        **_task("train-model", "Train the DNN", after=["upload-data"]),
                        "cachingOptions": {"enableCache": True},
                    },
                    "upload-data": _task("upload-data", "Check and upload data"),
                }
            },
            "inputDefinitions": {"parameters": {"steps": integer, "data": text, "rate": {}}},
        },
        "components": {
            "comp-condition-1": {"dag": {"tasks": {"register-model": _task("register-model", "Register the version")}}},
            "comp-for-loop-1": {"dag": {"tasks": {"measure": _task("measure", "Measure")}}},
            "comp-train-model": {
                "executorLabel": "exec-train-model",
                "inputDefinitions": {"parameters": {"steps": integer}},
                "outputDefinitions": {"parameters": {"epochs": integer}},
            },
            "comp-upload-data": {"executorLabel": "exec-upload-data"},
            "comp-register-model": {"executorLabel": "exec-register-model"},
            "comp-measure": {"executorLabel": "exec-measure"},
        },
        "deploymentSpec": {
            "executors": {
                "exec-upload-data": {"container": {"image": "us-docker.pkg.dev/p/r/other:1"}},
                "exec-train-model": executor,
                "exec-register-model": executor,
                "exec-measure": executor,
            }
        },
    }


def _task(name: str, display_name: str, after: list[str] | None = None) -> dict[str, Any]:
    given = {"componentRef": {"name": f"comp-{name}"}, "taskInfo": {"name": display_name}}
    return {**given, "dependentTasks": after} if after else given


def _group(component: str, display_name: str, after: list[str] | None = None) -> dict[str, Any]:
    given = {"componentRef": {"name": component}, "taskInfo": {"name": display_name}}
    return {**given, "dependentTasks": after} if after else given


def detail(name: str, state: str, **given: Any) -> dict[str, Any]:
    """A task's detail in its JSON form."""
    execution = {"schemaTitle": "system.ContainerExecution", **given.pop("execution", {})}
    return {"taskName": name, "taskUniqueName": name, "state": state, "execution": execution, **given}


def job(state: str, *details: Mapping[str, Any], **given: Any) -> PipelineJob:
    """A job of `spec`.

    Args:
        state: Its state without PIPELINE_STATE_.
        details: Its tasks' details.
        given: Further fields, in their JSON form.
    """
    from google.cloud.aiplatform_v1.types import PipelineJob
    from google.protobuf.json_format import ParseDict

    document = {
        "name": RUN,
        "displayName": "Wine",
        "state": f"PIPELINE_STATE_{state}",
        "pipelineSpec": spec(),
        "jobDetail": {"taskDetails": [{"taskName": "run", "execution": {"schemaTitle": "system.Run"}}, *details]},
        **given,
    }
    message = PipelineJob()
    ParseDict({key: value for key, value in document.items() if value is not None}, type(message).pb(message))
    return message
