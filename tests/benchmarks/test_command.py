from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.run
def test_section_is_measured_and_reported(tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--report", str(report), "lists"]
    subprocess.run(command, cwd=ROOT, check=True)
    text = report.read_text(encoding="utf-8")
    assert "| Listing 20 runs through the API | at most 100 ms |" in text
    assert "![How time grows with size](benchmarks-growth.svg)" in text
    assert (tmp_path / "benchmarks-growth.svg").is_file()


def test_unknown_section_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["speed"])
    assert ended.value.code == 2
    assert "training" in capsys.readouterr().err
