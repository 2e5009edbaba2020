"""Runs the four steps with the emulator's runner, a process of its own, as a submitted job is run."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path


def main() -> None:
    """Compiles, runs, prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--tensorflow", action="store_true")
    options = parser.parse_args()
    from benchmarks.four_steps import compile_to

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        parameters = folder / "parameters.json"
        parameters.write_text(json.dumps({"folder": options.folder, "tensorflow": options.tensorflow}))
        spec = compile_to(folder / "pipeline.yaml")
        command = [sys.executable, "-m", "emulator.runner", "--spec", str(spec), "--parameters", str(parameters)]
        begun = time.perf_counter()
        subprocess.run([*command, "--run-dir", str(folder / "run")], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "versions": {"kfp": version("kfp")}}))


if __name__ == "__main__":
    main()
