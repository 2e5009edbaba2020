"""The file by which a trial of a hyperparameter tuning job tells its metrics, as cloudml-hypertune writes it.

Source: https://github.com/GoogleCloudPlatform/cloudml-hypertune, version 0.1.0.dev6.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path

FILE_VARIABLE = "CLOUD_ML_HP_METRIC_FILE"
TRIAL_VARIABLE = "CLOUD_ML_TRIAL_ID"
DEFAULT_FILE = "/tmp/hypertune/output.metrics"  # noqa: S108 - where Vertex AI looks
_LINES_KEPT = 100


class MetricFile:
    """Tells metrics to whoever reads the file. There is one in a process: another would write over its lines.

    Attributes:
        path: The file; its folder is made if need be.
        trial: Id of the trial; 0 where there is none.
    """

    def __init__(self, path: Path, trial: str | int = 0) -> None:
        self.path = path
        self.trial = trial
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._last: tuple[int, dict[str, float]] | None = None

    def report(self, step: int, metrics: Mapping[str, float]) -> None:
        """Writes the file anew, with a line for each metric behind those of earlier reports; the last 100 are kept.

        What was told last is not told again.

        Args:
            step: Steps taken.
            metrics: Values by the metrics' ids.
        """
        told = (step, dict(metrics))
        if told == self._last:
            return
        self._last = told
        now = time.time()
        for name, value in metrics.items():
            line = {"timestamp": now, "trial": self.trial, name: str(value), "global_step": str(step)}
            self._lines.append(json.dumps({**line, "checkpoint_path": ""}, sort_keys=True) + "\n")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # In place: whoever watches the file may hold it open.
        self.path.write_text("".join(self._lines), encoding="utf-8")


def metric_file_of(environment: Mapping[str, str]) -> MetricFile | None:
    """The file that the environment asks for, by its name or for a trial; None where it asks for none."""
    path, trial = environment.get(FILE_VARIABLE), environment.get(TRIAL_VARIABLE)
    if not path and not trial:
        return None
    return MetricFile(Path(path or DEFAULT_FILE), trial or 0)
