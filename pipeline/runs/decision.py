"""The decision that a run has come to, read from where it lies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipeline.runs.record import RunRecord


def read_decision(run: RunRecord) -> Mapping[str, Any]:
    """The decision record that a run has written; empty where there is none, or it cannot be read."""
    from trainer import storage

    for artifact in run.outputs("decision")[-1:]:
        try:
            record = json.loads(storage.read_bytes(artifact.uri))
        except (OSError, ValueError):
            continue
        if isinstance(record, dict):
            return record
    return {}
