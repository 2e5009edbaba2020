from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import emulator.garbage
import trainer.garbage

SCRIPT = """
import atexit, gc
from emulator.garbage import THRESHOLDS, search_seldom
search_seldom()
atexit.register(lambda: print("handled", gc.get_freeze_count()))
print(gc.get_threshold() == THRESHOLDS)
"""


def test_programs_search_seldom_and_stop_only_after_all_other_exit_handlers() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout == "True\nhandled 0\n"


def test_rooms_that_may_not_import_each_other_do_the_same() -> None:
    assert Path(emulator.garbage.__file__).read_bytes() == Path(trainer.garbage.__file__).read_bytes()
