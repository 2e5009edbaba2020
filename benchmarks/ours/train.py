"""Trains on a CSV file as the trainer does, and exports: from the files to the weights, then to the SavedModel."""

from __future__ import annotations

import argparse
import glob
import json
import logging
import os
import resource
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.tables import EVALUATION, SCHEMA
from trainer.config import TrainingConfig, build_config
from trainer.contract import load_contract


class _Steps(logging.Handler):
    """Notes when the trainer tells which step it has reached."""

    def __init__(self) -> None:
        super().__init__()
        self.reached: list[tuple[float, int]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("step %d") and isinstance(record.args, tuple):
            step = record.args[0]
            if isinstance(step, int):
                self.reached.append((time.perf_counter(), step))

    def rows_per_s(self, batch: int) -> float:
        """Rows a second between the first and the last word, evaluations and checkpoints among them."""
        (begun, first), (ended, last) = self.reached[0], self.reached[-1]
        return (last - first) * batch / (ended - begun)


def main() -> None:
    """Trains, exports, prints."""
    options = _parser().parse_args()
    import keras  # noqa: F401 - loaded before the clock runs
    import tensorflow  # noqa: F401 - likewise

    from trainer.model.export import export_model
    from trainer.training.reducer import joined
    from trainer.training.replicas import read_cluster
    from trainer.training.train import train

    steps = _Steps()
    logging.getLogger("trainer").setLevel(logging.INFO)
    logging.getLogger("trainer").addHandler(steps)
    with tempfile.TemporaryDirectory() as job_dir, joined(read_cluster(os.environ)) as reducer:
        config = _config(options, job_dir)
        begun = time.perf_counter()
        trained = train(config, load_contract(config.schema_file), reducer)
        trained_s = time.perf_counter() - begun
        if not reducer.is_primary:
            return
        export_model(trained, str(Path(job_dir) / "model"))
        exported_s = time.perf_counter() - begun
    result = {
        "seconds": trained_s,
        "exported_seconds": exported_s,
        "rows_per_s": options.steps * options.batch / trained_s,
        "peak_mib": _peak_mib(),
        "accuracy": trained.metrics["accuracy"],
        "loss": trained.metrics["loss"],
        "versions": {name: version(name) for name in ("tensorflow", "keras")},
    }
    if len(steps.reached) > 1:
        result["steady_rows_per_s"] = steps.rows_per_s(options.batch)
    print(json.dumps(result))


def _config(options: argparse.Namespace, job_dir: str) -> TrainingConfig:
    held = {} if options.in_memory_mib is None else {"in_memory_mib": options.in_memory_mib}
    return build_config(
        train_files=tuple(sorted(glob.glob(options.csv))),
        eval_files=(str(EVALUATION),),
        schema_file=str(SCHEMA),
        job_dir=job_dir,
        train_steps=options.steps,
        train_batch_size=options.batch,
        seed=options.seed,
        sync_steps=options.sync_steps,
        **held,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--csv", required=True, help="a file, or a pattern of several")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--in-memory-mib", type=int)
    parser.add_argument("--sync-steps", type=int, default=1, help="as a replica that TF_CONFIG names")
    return parser


def _peak_mib() -> float:
    """The most memory that this process has held, MiB. Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
