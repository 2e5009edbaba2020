"""What a schedule must be changed in, to be as it would be made now. Values alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.digests import shortened
from pipeline.runs.labels import VERTEX_AI
from pipeline.runs.staged_names import name_and_sum

REQUEST = "create_pipeline_job_request"
_TIMING = (
    "cron",
    "start_time",
    "end_time",
    "max_run_count",
    "max_concurrent_run_count",
    "max_concurrent_active_run_count",
)
_POLICY = "PIPELINE_FAILURE_POLICY_FAIL_"
_LONGEST_SHOWN = 100
# Of a hash, so much is told.
_DIGEST = 12


@dataclass(frozen=True)
class Difference:
    """One thing in which a schedule is not as it should be.

    Attributes:
        field: The field of the schedule that an update must set.
        what: What it is called: `cron`, `parameters.train_steps`.
        before: What it is; None for nothing.
        after: What it should be.
    """

    field: str
    what: str
    before: Any
    after: Any

    def __str__(self) -> str:
        before, after = _shown(self.before), _shown(self.after)
        if before == after:  # the same file in another bucket
            before, after = str(self.before), str(self.after)
        return f"{self.what}: {before} -> {after}"


def differences(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> Sequence[Difference]:
    """In what a schedule differs from what is wanted.

    What is wanted of its times and limits is compared where it is given: what is not stays as it is. Of the job all is
    compared but what Vertex AI adds by itself.

    Args:
        present: The schedule as it is: Vertex AI's JSON with its fields in snake_case.
        wanted: The schedule as it would be made now, likewise.
    """
    found = [
        Difference(field, field, present.get(field), wanted[field])
        for field in _TIMING
        if field in wanted and present.get(field) != wanted[field]
    ]
    before, after = _facts(present), _facts(wanted)
    if not after["service_account"]:
        # Vertex AI may tell the one that it takes by itself.
        before["service_account"] = after["service_account"]
    return [
        *found,
        *(
            Difference(REQUEST, what, before.get(what), after.get(what))
            for what in dict.fromkeys([*after, *before])
            if before.get(what) != after.get(what)
        ),
    ]


def _facts(schedule: Mapping[str, Any]) -> dict[str, Any]:
    """What a schedule's job consists of, by the names that users know."""
    job = schedule.get(REQUEST, {}).get("pipeline_job", {})
    config = job.get("runtime_config", {})
    labels = job.get("labels", {})
    # A default that nobody overrides is as good as a value.
    spec, defaults = _parted(job.get("pipeline_spec", {}))
    parameters = {**defaults, **config.get("parameter_values", {})}
    policy = config.get("failure_policy", f"{_POLICY}SLOW")
    return {
        "pipeline": _sha256(spec),
        **{f"parameters.{name}": value for name, value in parameters.items()},
        **{f"labels.{key}": value for key, value in labels.items() if not key.startswith(VERTEX_AI)},
        "pipeline_root": config.get("gcs_output_directory", "").rstrip("/"),
        "failure_policy": policy.removeprefix(_POLICY).lower(),
        "service_account": job.get("service_account", ""),
    }


def _parted(spec: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """A compiled pipeline without the defaults of its parameters, and these."""
    root = spec.get("root", {})
    inputs = root.get("inputDefinitions", {})
    parameters = inputs.get("parameters", {})
    defaults = {name: about["defaultValue"] for name, about in parameters.items() if "defaultValue" in about}
    bare = {
        name: {key: value for key, value in about.items() if key != "defaultValue"}
        for name, about in parameters.items()
    }
    return {**spec, "root": {**root, "inputDefinitions": {**inputs, "parameters": bare}}}, defaults


def _sha256(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:_DIGEST]


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = shortened(name_and_sum(value)) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
