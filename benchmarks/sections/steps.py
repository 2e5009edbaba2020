"""What a step of a run costs beside its body, against Metaflow and kfp.local on the same four steps."""

from __future__ import annotations

import itertools
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from benchmarks.emulators import BUCKET, LOCATION, Emulator, emulator
from benchmarks.environments import Environment
from benchmarks.programs import Program, ours, peer
from benchmarks.repeats import Entry, Result, in_turns, say
from benchmarks.results import Section
from benchmarks.series import OURS, Contest, Target
from benchmarks.sizes import Sizes

STEPS = ("first", "second", "third", "fourth")
METAFLOW = "Metaflow"
KFP_LOCAL = "kfp.local alone"
SUBMITTED = "this project, submitted to the emulator"
_POLL_S = 0.02
_FINAL = ("PIPELINE_STATE_SUCCEEDED", "PIPELINE_STATE_FAILED", "PIPELINE_STATE_CANCELLED")
_METAFLOW = Environment("metaflow", borrows=True)


def measure(sizes: Sizes) -> Section:
    """Runs the four steps with bodies that do nothing, and with bodies that load TensorFlow."""
    with tempfile.TemporaryDirectory() as folder, emulator(Path(folder)) as running:
        running.create_bucket()
        spec = _compiled(Path(folder) / "pipeline.yaml")
        contests = _bodies(False, spec, running, sizes)
        if sizes.tensorflow_bodies:
            contests += _bodies(True, spec, running, sizes)
    return Section("A step of a run", tuple(contests))


def _bodies(tensorflow: bool, spec: Any, running: Emulator, sizes: Sizes) -> list[Contest]:
    kind = "TensorFlow bodies" if tensorflow else "trivial bodies"
    say(f" four steps, {kind}")

    def program(one: Program) -> Callable[[], Result]:
        return lambda: _marked(lambda folder: one.run("--folder", folder, *["--tensorflow"] * tensorflow))

    entries = [
        Entry(OURS, program(ours("run_steps"))),
        Entry(METAFLOW, program(peer("metaflow", _METAFLOW))),
        Entry(KFP_LOCAL, program(peer("kfp_local"))),
        Entry(SUBMITTED, lambda: _marked(lambda folder: _submit(running, spec, folder, tensorflow))),
    ]
    bout = in_turns(entries, sizes.repeats)
    target = [Target("at most", 1.0, METAFLOW)]
    return [
        bout.contest(
            f"Four steps, {kind}: from a body's last line to the next body's first",
            "s",
            "between_s",
            target,
            "Mean of the three times between the bodies of one run.",
        ),
        bout.contest(
            f"Four steps, {kind}: the whole run less the bodies, a step",
            "s",
            "overhead_s",
            target,
            "A fourth of the run's wall time less its bodies', the start of the runner in it; kfp.local runs in a "
            "process that has loaded kfp.",
        ),
    ]


def _marked(run: Callable[[str], Result]) -> Result:
    """Runs the four steps and adds what their bodies have noted."""
    with tempfile.TemporaryDirectory() as folder:
        result = run(folder)
        marks = [json.loads((Path(folder) / name).read_text(encoding="utf-8")) for name in STEPS]
    return {**result, **overheads(result["seconds"], marks)}


def overheads(seconds: float, marks: list[list[float]]) -> dict[str, float]:
    """What a step costs beside its body.

    Args:
        seconds: The whole run's wall time.
        marks: When each body began and ended, in order.

    Returns:
        `between_s`, the mean time between two bodies, and `overhead_s`, the run less the bodies, a step.
    """
    bodies = sum(end - begin for begin, end in marks)
    gaps = [begin - end for (_, end), (begin, _) in itertools.pairwise(marks)]
    return {"between_s": sum(gaps) / len(gaps), "overhead_s": (seconds - bodies) / len(marks)}


def _submit(running: Emulator, spec: Any, folder: str, tensorflow: bool) -> Result:
    values = {"folder": folder, "tensorflow": tensorflow}
    job = {
        "displayName": "four-steps",
        "pipelineSpec": spec,
        "runtimeConfig": {"gcsOutputDirectory": f"{BUCKET}/root", "parameterValues": values},
    }
    begun = time.perf_counter()
    name = running.post(f"{LOCATION}/pipelineJobs", job)["name"]
    while (state := running.get(name)["state"]) not in _FINAL:
        time.sleep(_POLL_S)
    if state != _FINAL[0]:
        raise RuntimeError(f"{name} ended in {state}.")
    return {"seconds": time.perf_counter() - begun}


def _compiled(path: Path) -> Any:
    from benchmarks.four_steps import compile_to

    return yaml.safe_load(compile_to(path).read_text(encoding="utf-8"))
