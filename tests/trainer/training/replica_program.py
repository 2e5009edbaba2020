"""One replica of several trainings, one after the other: `python -m tests.trainer.training.replica_program FOLDER`.

FOLDER/trainings.json has their configurations by name. Variables, steps and record are left in FOLDER/NAME-RANK.npz.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np

from trainer.config import build_config
from trainer.contract import load_contract
from trainer.training.reducer import joined
from trainer.training.replicas import read_cluster
from trainer.training.train import train


def main() -> None:
    folder = Path(sys.argv[1])
    trainings = json.loads((folder / "trainings.json").read_text(encoding="utf-8"))
    with joined(read_cluster(os.environ)) as reducer:
        for name, values in trainings.items():
            values |= {kind: tuple(values[kind]) for kind in ("train_files", "eval_files")}
            config = build_config(**values)
            trained = train(config, load_contract(config.schema_file), reducer)
            weights = [variable.numpy() for variable in trained.network.variables]
            about = json.dumps(
                {"steps": trained.steps, "record": trained.record, "metrics": trained.metrics}, default=float
            )
            np.savez(folder / f"{name}-{reducer.rank}.npz", *weights, about=np.array(about))


if __name__ == "__main__":
    main()
