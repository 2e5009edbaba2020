"""Small tuning jobs, as they are sent."""

from __future__ import annotations

from typing import Any

METRIC = "accuracy"
# Ends at once. What it reports is Python; x is the first parameter's value, report() writes a line as hypertune does.
_PROGRAM = """
import json, os, pathlib, sys, time
given = dict(word[2:].split("=", 1) for word in sys.argv if word.startswith("--"))
trial, file, lines = os.environ["CLOUD_ML_TRIAL_ID"], os.environ["CLOUD_ML_HP_METRIC_FILE"], []
x = next(iter(given.values()))
def report(value, step=0, tag="accuracy"):
    line = {tag: str(value), "checkpoint_path": "", "global_step": str(step), "timestamp": time.time(), "trial": trial}
    lines.append(json.dumps(line, sort_keys=True))
    pathlib.Path(file).write_text("".join(line + "\\n" for line in lines[-100:]))
def wait_for(name):
    while not pathlib.Path(name).exists():
        time.sleep(0.02)
"""

REAL = {"parameterId": "x", "doubleValueSpec": {"minValue": 0.5, "maxValue": 2}}
FEW = {"parameterId": "x", "discreteValueSpec": {"values": [1, 2, 3]}}


def container(program: str) -> dict[str, Any]:
    """What a trial runs: a Python program, which finds `given`, `trial`, `x`, `report` and `wait_for`."""
    return {"imageUri": "us-docker.pkg.dev/p/r/trainer:1", "command": ["python3", "-c", _PROGRAM + program]}


def pool(program: str, replicas: int = 1) -> dict[str, Any]:
    """A worker pool of such programs."""
    machine = {"machineType": "n1-standard-4"}
    return {"machineSpec": machine, "replicaCount": replicas, "containerSpec": container(program)}


def tuning_job(program: str, *parameters: dict[str, Any], trials: int = 1, **fields: Any) -> dict[str, Any]:
    """A tuning job.

    Args:
        program: What a trial does.
        parameters: REAL, if there is none.
        trials: How many there are.
        fields: Of the job; `study` of its studySpec, `pools` and `job` of its trialJobSpec.
    """
    study = {"metrics": [{"metricId": METRIC, "goal": "MAXIMIZE"}], "parameters": list(parameters) or [REAL]}
    job = {"workerPoolSpecs": fields.pop("pools", [pool(program)]), **fields.pop("job", {})}
    return {
        "displayName": "tuned",
        "studySpec": {**study, **fields.pop("study", {})},
        "maxTrialCount": trials,
        "parallelTrialCount": 1,
        "trialJobSpec": job,
        **fields,
    }
