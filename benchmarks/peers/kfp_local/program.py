"""The four steps with kfp.local alone: kfp's own subprocess runner, in the current environment.

python program.py --folder FOLDER [--tensorflow]
"""

from __future__ import annotations

import argparse
import json
import logging
import runpy
import tempfile
import time
from pathlib import Path

import kfp
from kfp import local

PIPELINE = Path(__file__).resolve().parent.parent.parent / "four_steps.py"


def main() -> None:
    """Runs the pipeline, prints one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--tensorflow", action="store_true")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    four_steps = runpy.run_path(str(PIPELINE))["four_steps"]
    with tempfile.TemporaryDirectory() as root:
        begun = time.perf_counter()
        local.init(local.SubprocessRunner(use_venv=False), pipeline_root=root, raise_on_error=True)
        four_steps(folder=options.folder, tensorflow=options.tensorflow)
        seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "versions": {"kfp": kfp.__version__}}))


if __name__ == "__main__":
    main()
