"""Training by several replicas: against one process with the same cores, and TensorFlow's own way."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.programs import Program, ours, peer
from benchmarks.repeats import Bout, Entry, in_turns, say
from benchmarks.results import Section
from benchmarks.series import Contest, Target
from benchmarks.sizes import Sizes
from benchmarks.tables import EVALUATION, write_table

TOGETHER = "this project, two replicas"
ALONE = "this project, one process"
STRATEGY = "MultiWorkerMirroredStrategy"
WHOLE_BATCHES = "MultiWorkerMirroredStrategy, batches drawn whole"
_REPLICAS = 2
_SMALL, _MIDDLE, _LARGE = 40, 1024, 16_384
_SYNC_STEPS = 50
# So many are a minute of the peer's.
_LEAST_STEPS, _MOST_STEPS = 200, 1_000
_ROWS = 4_000_000
_TIMES_THE_STRATEGY = 2.0


def measure(sizes: Sizes) -> Section:
    """Exact steps of few and of many rows, and averaged weights."""
    with tempfile.TemporaryDirectory() as folder:
        table = write_table(Path(folder) / "rows.csv", sizes.rows)
        contests = [
            _of_batch(table, _SMALL, 1, None, sizes),
            _of_batch(table, _LARGE, 1, 0.8, sizes),
            _of_batch(table, _MIDDLE, _SYNC_STEPS, 0.9, sizes),
        ]
    return Section("Several replicas", tuple(contests))


def _of_batch(table: Path, batch: int, sync_steps: int, least: float | None, sizes: Sizes) -> Contest:
    """Two replicas with a core each, one process with both, and the peer as the replicas.

    Args:
        table: The rows.
        batch: Rows a step, of all replicas together.
        sync_steps: Steps between two averages; 1 for exact steps.
        least: What of one process' speed is asked for; None where nothing is, as the steps are too small.
        sizes: How much is measured.
    """
    mode = "each step together" if sync_steps == 1 else f"weights averaged every {sync_steps} steps"
    what = f"Batch {batch:,}, {mode}: steady state"
    say(f" {what}")
    steps = min(max(min(sizes.rows * sizes.steady_passes, _ROWS) // batch, _LEAST_STEPS), _MOST_STEPS)
    words = ("--csv", table, "--batch", batch, "--steps", steps)

    def together(who: str, program: Program, *more: object) -> Entry:
        return Entry(who, lambda: program.run_replicas(_REPLICAS, *words, *more))

    entries = [
        together(TOGETHER, ours("train"), "--sync-steps", sync_steps),
        Entry(ALONE, lambda: ours("train").run(*words)),
        together(STRATEGY, peer("multi_worker"), "--eval-csv", EVALUATION),
        together(WHOLE_BATCHES, peer("multi_worker"), "--eval-csv", EVALUATION, "--whole-batches"),
    ]
    bout = in_turns(entries, sizes.long_repeats)
    targets = []
    if least is not None:
        targets = [Target("at least", least, ALONE), Target("at least", _TIMES_THE_STRATEGY, STRATEGY)]
    return bout.contest(what, "rows/s", "steady_rows_per_s", targets, _note(bout))


def _note(bout: Bout) -> str:
    told = [f"{who} {results[-1]['accuracy']:.3f}" for who, results in bout.results.items()]
    return (
        "The replicas are processes of this machine with a core each, the one process has as many cores. Evaluations "
        "and checkpoints are in ours, compilation in none; the strategy takes steps of `strategy.run` and nothing "
        "else: on rows that come by tf.data as in its tutorial, or on batches drawn whole, which are no longer passes "
        f"over the rows. Accuracy on the 30 test rows afterwards: {', '.join(told)}."
    )
