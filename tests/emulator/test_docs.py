"""The scripts of docs/emulator.md, pasted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulator.vertex_emulator import ROOT, VertexEmulator

pytestmark = pytest.mark.run

TEXT = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")


def scripts(heading: str) -> list[str]:
    """The scripts of a section."""
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


def run_script(script: str, emulator: VertexEmulator, folder: Path) -> str:
    """Runs a script in a folder, against an emulator; what it prints."""
    script = script.replace("http://127.0.0.1:8470", emulator.address)
    script = script.replace("http://127.0.0.1:8471", emulator.running["storageAddress"])
    # A file, since kfp reads the source of a component from it.
    file = folder / "script.py"
    file.write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(file)],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_scripts_run_as_they_stand(own_emulator: VertexEmulator, tmp_path: Path) -> None:
    predict, raw_predict = scripts("Point the SDK at it")
    delete = "endpoint.delete(force=True)\n"
    headers = {"Content-Type": "application/json"}
    body = b'{"instances": [[5]]}'
    raw = f"print(endpoint.raw_predict({body!r}, {headers!r}).text)\n"
    script = predict.removesuffix(delete) + raw_predict + raw + delete
    printed = run_script(script, own_emulator, tmp_path)
    assert "[3.0, 7.0]" in printed
    assert '{"predictions": [5]}' in printed


def test_the_tuning_script_runs_as_it_stands(own_emulator: VertexEmulator, tmp_path: Path) -> None:
    [script] = scripts("How a tuning job runs")
    printed = run_script(script, own_emulator, tmp_path)
    assert re.search(r"^[1-6] \{'rate': [\d.]+, 'layers': [1-4]\.0\}$", printed, re.MULTILINE)


def test_the_pipeline_runs_as_it_stands(own_emulator: VertexEmulator, tmp_path: Path) -> None:
    [script] = scripts("How a pipeline job runs")
    printed = run_script(script, own_emulator, tmp_path)
    assert "PIPELINE_STATE_SUCCEEDED" in printed
    assert "count-rows SUCCEEDED [5]" in printed
    assert "5 rows" in printed


def test_the_experiment_runs_as_it_stands(emulator: VertexEmulator, tmp_path: Path) -> None:
    [script] = scripts("Experiments and lineage")
    assert "'param.learning_rate': 0.05, 'metric.accuracy': 0.97" in run_script(script, emulator, tmp_path)


def test_names_the_options_and_only_them() -> None:
    command = [sys.executable, "-m", "emulator", "--help"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"--[a-z-]+", told)) - {"--help"}
    assert options == set(re.findall(r"--[a-z-]+(?=`)", TEXT)) - {"--"}


def test_names_every_method_that_is_served() -> None:
    from emulator.services import SERVICES

    served = {route.rpc for service in SERVICES for route in service.routes if "Operation" not in route.rpc}
    table = TEXT.partition("## What it serves")[2].partition("## How")[0]
    assert served <= set(re.findall(r"[A-Z]\w+", table))


def test_names_no_file_that_is_gone() -> None:
    guesses = TEXT.partition("\n## Guesses\n")[2].partition("\n## ")[0]
    named = {name for row in guesses.splitlines() for name in re.findall(r"[\w/]+\.py", row.rpartition(" | ")[2])}
    assert len(named) > 20
    assert {name for name in named if not (ROOT / "emulator" / name).is_file()} == set()
