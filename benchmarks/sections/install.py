"""`make run` in a fresh clone, side by side with the project before anything started warm: mostly installation."""

from __future__ import annotations

import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.former import COMMIT, FORMER, check_out, make
from benchmarks.repeats import Entry, Result, in_turns, say
from benchmarks.results import Section
from benchmarks.series import OURS, Target
from benchmarks.sizes import Sizes

_MOST = 0.6


def measure(sizes: Sizes) -> Section:
    """Installs and runs both builds in turns, each time in a new folder."""
    entries = [Entry(OURS, partial(_make_run, "HEAD")), Entry(FORMER, partial(_make_run, COMMIT))]
    say(" a first time, not counted: it fills the caches")
    in_turns(entries, 1)
    bout = in_turns(entries, sizes.makes)
    contest = bout.contest(
        "`make run` in a fresh clone, packages in the caches",
        "s",
        "seconds",
        [Target("at most", _MOST, FORMER)],
        "The caches are those of pip and of uv, which this project installs with.",
    )
    return Section("From a clone to a run", (contest,))


def _make_run(commit: str) -> Result:
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "project"
        check_out(commit, root)
        begun = time.perf_counter()
        make(root, "run")
        seconds = time.perf_counter() - begun
        down = [str(root / ".venv" / "bin" / "python"), "-m", "pipeline", "down"]
        subprocess.run(down, check=True, cwd=root, capture_output=True)
    return {"seconds": seconds}
