"""The road that CONTRIBUTING.md shows to whoever adds a component, walked in a copy of the project."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROAD = GUIDE.partition("## Adding a component")[2].partition("\n## ")[0]
# What is no part of a clone; mypy's memory is copied, which saves a minute.
LEFT_OUT = (".git", ".venv", ".local", ".hypothesis", ".pytest_cache", "__pycache__", "build", "jobs", ".coverage*")
DEFINITION = "pipeline/definition.py"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, set up as `make setup` and the checks leave it."""
    folder = tmp_path_factory.mktemp("guest") / "project"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    environment = folder / ".venv"
    environment.mkdir()
    (environment / "place").write_text(f"{folder}\n")
    for stamp in ("installed", "installed-dev"):
        (environment / stamp).touch()
    subprocess.run([shutil.which("git") or "git", "init", "--quiet"], cwd=folder, check=True)
    return folder


def written() -> dict[str, str]:
    """The files that the road has a guest write, by name."""
    return dict(re.findall(r"`([\w/]+\.py)`:\n\n```python\n(.*?)```", ROAD, re.DOTALL))


def paragraph() -> str:
    """What the road has a guest add to the pipeline."""
    (found,) = re.findall(r"```python\n( {8}\w+ = .*?)```", ROAD, re.DOTALL)
    return str(found)


def commands() -> list[str]:
    """What the road has a guest call."""
    (found,) = re.findall(r"```console\n(.*?)```", ROAD, re.DOTALL)
    return str(found).splitlines()


@pytest.mark.run
@pytest.mark.tensorflow
@pytest.mark.timeout(1800)
def test_guest_adds_a_component_by_what_is_written(copy: Path) -> None:
    files = written()
    (name,) = [Path(file).stem for file in files if file.startswith("components/")]
    assert len(files) == 3
    for file, text in files.items():
        (copy / file).write_text(text, encoding="utf-8")
    definition = (copy / DEFINITION).read_text(encoding="utf-8")
    head, seam, rest = definition.partition("\n        evaluation = evaluate_model(")
    imported = head.replace(
        "from components.evaluate_model", f"from components.{name} import {name}\nfrom components.evaluate_model"
    )
    (copy / DEFINITION).write_text(f"{imported}\n{paragraph()}{seam}{rest}", encoding="utf-8")
    for command in commands():
        words = [sys.executable if word == ".venv/bin/python" else word for word in shlex.split(command)]
        if words[0] == "make":
            words.append(f"PY={sys.executable}")
        done = subprocess.run(words, cwd=copy, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert f"task {name.replace('_', '-')} " in (copy / "tests/pipeline/graph.txt").read_text(encoding="utf-8")


def test_road_names_no_file_that_is_gone() -> None:
    told = set(re.findall(r"`((?:tests|pipeline|trainer|components)/\w[\w/]*\.(?:py|txt))`", ROAD))
    there = {name for name in told if name not in written() and "verb_noun" not in name}
    assert there
    assert {name for name in there if not (ROOT / name).exists()} == set()
