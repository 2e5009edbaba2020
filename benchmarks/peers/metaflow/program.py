"""The four steps with Metaflow, run on this machine.

python program.py --folder FOLDER [--tensorflow]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

FLOW = Path(__file__).resolve().with_name("flow.py")


def main() -> None:
    """Runs the flow, prints one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--tensorflow", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        apart = {"METAFLOW_HOME": root, "METAFLOW_DATASTORE_SYSROOT_LOCAL": root, "METAFLOW_USER": "benchmark"}
        command = [sys.executable, str(FLOW), "--quiet", "--no-pylint", "run", "--folder", options.folder]
        begun = time.perf_counter()
        subprocess.run(
            [*command, "--tensorflow", str(options.tensorflow)],
            check=True,
            cwd=root,
            env={**os.environ, **apart},
            stdout=subprocess.DEVNULL,
        )
        seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "versions": {"metaflow": version("metaflow")}}))


if __name__ == "__main__":
    main()
