"""`python -m pipeline run` on Iris and where its time goes; how soon the commands answer."""

from __future__ import annotations

import json
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.emulators import Emulator
from benchmarks.environments import ROOT
from benchmarks.processes import timed
from benchmarks.repeats import Bout, Entry, Result, in_turns, say
from benchmarks.results import Section
from benchmarks.series import OURS, Contest, Target
from benchmarks.sizes import Sizes
from benchmarks.tables import DATA

_MOST_S = {"run": 20.0, "job": 1.5, "help": 0.25, "compile": 1.0}
_PARENT = "projects/local-project/locations/us-central1"
# Everything anew, and as if it had never been done: registration, deployment and a prediction are part of it.
_RUN = ["-m", "pipeline", "run", "--no-enable-caching", "--promote-on-tie"]
# A machine of its own makes a custom job of the training.
_JOB = ["--training-machine-type", "n1-standard-4"]
_BEFORE = "until the job is submitted"
_AFTER = "from the job's end: results, a prediction"


def measure(sizes: Sizes) -> Section:
    """Times the commands, then whole runs in a folder of their own."""
    say(" commands")
    commands = (
        _command("python -m pipeline --help", ["-m", "pipeline", "--help"], _MOST_S["help"], sizes),
        _command("python compile.py", [str(ROOT / "compile.py")], _MOST_S["compile"], sizes),
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "data").symlink_to(DATA)
        return Section("A run on Iris", (*_runs(folder, sizes), *commands))


def _command(what: str, words: list[str], most_s: float, sizes: Sizes) -> Contest:
    with tempfile.TemporaryDirectory() as folder:
        timed(words, Path(folder))  # compiles its modules
        bout = in_turns([Entry(OURS, lambda: {"seconds": timed(words, Path(folder))})], sizes.commands)
    return bout.contest(f"`{what}`", "s", "seconds", [Target("at most", most_s)])


def _runs(folder: Path, sizes: Sizes) -> list[Contest]:
    steps = ["--train-steps", str(sizes.iris_steps), "--min-accuracy", "0.3"]
    try:
        if sizes.first_run:
            say(" a first run, not counted")
            timed([*_RUN, *steps], folder)
        say(" runs")
        down = in_turns([Entry(OURS, lambda: _run_from_nothing(folder, steps))], sizes.long_repeats)
        up = in_turns([Entry(OURS, lambda: _run(folder, steps))], sizes.long_repeats)
        say(" runs with a custom job")
        job = in_turns([Entry(OURS, lambda: _run_with_job(folder, steps))], sizes.long_repeats)
    finally:
        timed(["-m", "pipeline", "down"], folder)
    target = [Target("at most", _MOST_S["run"])]
    what = f"`python -m pipeline run`, {sizes.iris_steps} steps, nothing from the cache"
    return [
        down.contest(
            f"{what}, the local services down", "s", "seconds", target, "As `make run` once all is installed."
        ),
        up.contest(f"{what}, the local services up", "s", "seconds", target),
        _phases(f"{what}, the local services up: where the time goes", up),
        job.contest(
            "Training as a custom job of one replica: what it adds to a run",
            "s",
            "more_s",
            [Target("at most", _MOST_S["job"])],
            "Each time against a run before it whose training is a task.",
        ),
    ]


def _phases(what: str, bout: Bout) -> Contest:
    names = list(bout.results[OURS][0]["phases"])
    parts = Bout({name: [{"s": result["phases"][name]} for result in bout.results[OURS]] for name in names})
    return Contest(what, "s", tuple(parts.series(name, "s") for name in names), compared=False)


def _run_from_nothing(folder: Path, steps: list[str]) -> Result:
    timed(["-m", "pipeline", "down"], folder)
    return _run(folder, steps)


def _run(folder: Path, steps: list[str]) -> Result:
    begun = time.time()
    seconds = timed([*_RUN, *steps], folder)
    return {"seconds": seconds, "phases": phases(_newest_job(folder), begun, begun + seconds)}


def _run_with_job(folder: Path, steps: list[str]) -> Result:
    plain = timed([*_RUN, *steps], folder)
    return {"more_s": timed([*_RUN, *steps, *_JOB], folder) - plain}


def _newest_job(folder: Path) -> dict[str, Any]:
    about = json.loads((folder / ".local/vertex/emulator.json").read_text(encoding="utf-8"))
    running = Emulator(about["address"], about["storageAddress"])
    newest = running.get(f"{_PARENT}/pipelineJobs?pageSize=1")["pipelineJobs"][0]
    return running.get(newest["name"])


def phases(job: dict[str, Any], begun: float, ended: float) -> dict[str, float]:
    """The seconds of a command by what they went into; they add up to all of it.

    Args:
        job: The PipelineJob that it submitted, as the API tells it.
        begun: When the command began, seconds since 1970.
        ended: When it ended.
    """
    groups = {job["pipelineSpec"]["pipelineInfo"]["name"]}
    tasks = sorted(
        (_time(task["startTime"]), _time(task["endTime"]), task["taskName"])
        for task in job["jobDetail"]["taskDetails"]
        if "startTime" in task and task["taskName"] not in groups and not task["taskName"].startswith("condition")
    )
    created, job_ended = _time(job["createTime"]), _time(job["endTime"])
    spent = {_BEFORE: created - begun}
    spent |= {name: end - start for start, end, name in tasks}
    between = job_ended - created - sum(end - start for start, end, _ in tasks)
    return {**spent, "between the tasks": between, _AFTER: ended - job_ended}


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
