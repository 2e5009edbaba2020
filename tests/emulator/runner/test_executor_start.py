from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from emulator.garbage import THRESHOLDS
from emulator.runner import executor_start

SCRIPT = str(Path(executor_start.__file__))
PROBE = """
import sys
print(sys.argv, sys.path, __name__, __spec__.name, sys.modules["__main__"].__spec__.name, __file__, sep="\\n")
"""
LIBRARY = """
import sys

class Thing:
    def __init__(self, name):
        self.name = name
        self.file = open(f"{name}.txt", "w")
        self.file.write("kept")

    def __del__(self):
        print(f"{self.name} is finalized")

held = Thing("held")
"""
BODY = """
import atexit, sys
from library import Thing

def work():
    circle = Thing("dropped")
    circle.itself = circle
    atexit.register(print, "handled")

work()
sys.exit(3)
"""


def run(folder: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, "")
    return done.stdout


def test_module_finds_what_it_would_find_without(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(PROBE)
    words = ["probe", "--input", "it's", "-m"]
    assert run(tmp_path, SCRIPT, *words) == run(tmp_path, "-m", *words)


def test_folder_is_not_searched_where_that_is_forbidden(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(PROBE)
    done = subprocess.run([sys.executable, "-P", SCRIPT, "probe"], cwd=tmp_path, capture_output=True, check=False)
    assert b"No module named probe" in done.stderr


def test_handlers_run_and_garbage_and_what_modules_hold_is_finalized(tmp_path: Path) -> None:
    (tmp_path / "library.py").write_text(LIBRARY)
    (tmp_path / "body.py").write_text(BODY)
    told = run(tmp_path, SCRIPT, "body", code=3)
    assert told.splitlines() == ["handled", "dropped is finalized", "held is finalized"]
    assert told == run(tmp_path, "-m", "body", code=3)
    assert (tmp_path / "held.txt").read_text() == "kept"


def test_garbage_is_searched_as_seldom_as_in_the_emulator(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text("import gc; print(gc.get_threshold())")
    assert run(tmp_path, SCRIPT, "probe") == f"{THRESHOLDS}\n"
