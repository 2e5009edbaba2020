"""Drafts a contract from each of some tables, trains as it says on each split, and tells the test rows' scores."""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
from importlib.metadata import version
from pathlib import Path


def main() -> None:
    """Drafts, trains, prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folders", type=Path, nargs="+", required=True, help="each with all.csv and its splits")
    parser.add_argument("--label", required=True)
    parser.add_argument("--seeds", type=int, required=True)
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # of columns that a small split leaves constant
    scores = [_scores(folder, options.label, options.seeds) for folder in options.folders]
    print(json.dumps({"scores": scores, "versions": {"tensorflow": version("tensorflow")}}))


def _scores(folder: Path, label: str, seeds: int) -> list[dict[str, float]]:
    from trainer.config import build_config
    from trainer.contract import load_contract
    from trainer.draft import draft_schema
    from trainer.training.train import train

    schema = folder / "schema.toml"
    schema.write_text(draft_schema(str(folder / "all.csv"), label).toml, encoding="utf-8")
    contract = load_contract(str(schema))
    found = []
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as job_dir:
            told = {
                "train_files": (str(folder / f"train-{seed}.csv"),),
                "eval_files": (str(folder / f"test-{seed}.csv"),),
                "schema_file": str(schema),
                "job_dir": job_dir,
                "seed": seed,
            }
            trained = train(build_config(**(contract.training.settings | told)), contract)
            found.append({name: trained.metrics[name] for name in ("accuracy", "loss")} | {"steps": trained.steps})
    return found


if __name__ == "__main__":
    main()
