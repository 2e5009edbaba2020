"""Training curves of runs: their event files copied to this machine, and TensorBoard over them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from pipeline.runs.record import RunRecord
from trainer.errors import ProjectError

FOLDER = Path(".local/tensorboard")
# The output of the training that holds them.
CURVES = "training_log"


def fetch_curves(runs: Sequence[RunRecord], folder: Path = FOLDER) -> list[Path]:
    """Copies the event files of runs, each to a folder of its own that is named after the run.

    Args:
        runs: The runs.
        folder: Where the folders go; what an earlier call has left of the same run is replaced.

    Returns:
        The runs' folders.

    Raises:
        ProjectError: A run has written none, or they cannot be read.
    """
    from trainer.storage import locate

    fetched = []
    for run in runs:
        written = run.outputs(CURVES)
        if not written:
            raise ProjectError(f"Run {run.run_id} has no training curves: its training has not ended well.")
        target = folder / run.run_id
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        try:
            filesystem, source = locate(written[-1].uri)
            filesystem.get(f"{source}/", f"{target}/", recursive=True)
        except OSError as error:
            raise ProjectError(f"The training curves {written[-1].uri} cannot be read: {error}.") from error
        fetched.append(target)
    return fetched


def show_curves(folder: Path, port: int) -> NoReturn:
    """Becomes TensorBoard on this machine, until it is stopped.

    Args:
        folder: The folder whose curves it shows.
        port: Where it listens; 0 takes a free one.
    """
    where = ["--logdir", str(folder), "--host", "localhost", "--port", str(port)]
    os.execv(sys.executable, [sys.executable, "-m", "tensorboard.main", *where])  # noqa: S606 - no shell is wanted
