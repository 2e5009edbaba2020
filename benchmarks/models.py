"""An exported model to ask."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.environments import ROOT
from benchmarks.processes import variables
from benchmarks.tables import EVALUATION, SCHEMA, TRAINING


def export_iris(model: Path) -> Path:
    """Trains a little on Iris with the trainer's command, into a SavedModel at `model`."""
    files = ["--train-files", str(TRAINING), "--eval-files", str(EVALUATION), "--schema", str(SCHEMA)]
    settings = ["--train-steps", "100", "--verbosity", "ERROR"]
    subprocess.run(
        [sys.executable, "-m", "trainer.task", *files, "--job-dir", f"{model}-job", *settings],
        cwd=ROOT,
        env={**variables(), "AIP_MODEL_DIR": str(model)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return model
