"""Training: against the original, plain Keras, and the most that this machine gives."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.environments import Environment
from benchmarks.programs import ours, peer
from benchmarks.repeats import Bout, Entry, in_turns, say
from benchmarks.results import Section
from benchmarks.series import OURS, Contest, Target
from benchmarks.sizes import Sizes
from benchmarks.tables import EVALUATION, TRAINING, write_table

ORIGINAL = "the original"
LIMIT = "the limit"
KERAS = "plain Keras"
KERAS_50 = "plain Keras, 50 steps an execution"
_IRIS_BATCH = 40
# How many times the original's rows a second, by batch size.
_TIMES_THE_ORIGINAL = {40: 15.0, 1024: 40.0}
_ESTIMATOR = Environment("estimator", python="3.11")


def measure(sizes: Sizes) -> Section:
    """Iris from start to end; a large table from CSV to weights, and its steady state."""
    contests = _iris(sizes)
    with tempfile.TemporaryDirectory() as folder:
        table = write_table(Path(folder) / "rows.csv", sizes.rows)
        contests += [_from_csv_to_weights(table, batch, sizes) for batch in sizes.batches]
        contests += [_steady_state(table, batch, sizes) for batch in sizes.batches]
    return Section("Training", tuple(contests))


def _iris(sizes: Sizes) -> list[Contest]:
    say(f" Iris, {sizes.iris_steps} steps")
    bout = in_turns(_entries(TRAINING, _IRIS_BATCH, sizes.iris_steps), sizes.repeats)
    what = f"Iris, {sizes.iris_steps} steps of {_IRIS_BATCH} rows"
    half = Target("at most", 0.5, ORIGINAL)
    counted = "Compilation, reading, checks, evaluations and checkpoints are in it; loading the libraries is not."
    return [
        bout.contest(
            f"{what}: from the start of training to the export",
            "s",
            "seconds",
            [half],
            f"{counted} {_accuracies(bout)}",
        ),
        bout.contest(f"{what}: the export included", "s", "exported_seconds", [half], counted, among=[OURS, ORIGINAL]),
    ]


def _from_csv_to_weights(table: Path, batch: int, sizes: Sizes) -> Contest:
    say(f" {sizes.rows:,} rows, batch {batch}")
    bout = in_turns(_entries(table, batch, sizes.rows // batch), sizes.long_repeats)
    return bout.contest(
        f"{sizes.rows:,} rows, batch {batch}: from CSV to weights",
        "rows/s",
        "rows_per_s",
        [Target("at least", _TIMES_THE_ORIGINAL[batch], ORIGINAL)],
        f"One pass over the rows. {_where_our_time_goes(bout)} {_accuracies(bout)}",
    )


def _steady_state(table: Path, batch: int, sizes: Sizes) -> Contest:
    say(f" steady state, batch {batch}")
    words = ("--csv", table, "--batch", batch, "--steps", sizes.rows * sizes.steady_passes // batch)
    entries = [
        Entry(OURS, lambda: ours("train").run(*words)),
        Entry(LIMIT, lambda: peer("limit").run(*words, "--eval-csv", EVALUATION)),
    ]
    bout = in_turns(entries, sizes.repeats)
    return bout.contest(
        f"{sizes.rows:,} rows, batch {batch}: steady state over {sizes.steady_passes} passes",
        "rows/s",
        "steady_rows_per_s",
        [Target("at least", 0.6, LIMIT)],
        "The limit holds the rows in memory and takes all steps in one function that XLA compiles, without a "
        f"shuffle, an evaluation or a checkpoint; ours counts all of them. Compilation is in neither. "
        f"{_accuracies(bout)}",
    )


def _entries(table: Path, batch: int, steps: int) -> list[Entry]:
    words = ("--csv", table, "--batch", batch, "--steps", steps)
    told = (*words, "--eval-csv", EVALUATION)
    return [
        Entry(OURS, lambda: ours("train").run(*words)),
        Entry(ORIGINAL, lambda: peer("estimator", _ESTIMATOR).run(*told)),
        Entry(KERAS, lambda: peer("plain_keras").run(*told)),
        Entry(KERAS_50, lambda: peer("plain_keras").run(*told, "--steps-per-execution", 50)),
    ]


def _where_our_time_goes(bout: Bout) -> str:
    """What the steps alone take, at the pace of all but the first of them, and what is left for the rest."""
    result = bout.results[OURS][-1]
    seconds, pace = result["seconds"], result["steady_rows_per_s"]
    steps_s = seconds * result["rows_per_s"] / pace
    rest_s = seconds - steps_s
    return (
        f"Of our {seconds:.2f} s, {steps_s:.2f} s are steps, at {pace:,.0f} rows/s; the other {rest_s:.2f} s read and "
        "check the rows, and build and compile the graph."
    )


def _accuracies(bout: Bout) -> str:
    """How well each has learned, so that nobody is fast for having done something else."""
    told = [f"{who} {results[-1]['accuracy']:.3f}" for who, results in bout.results.items()]
    return f"Accuracy on the 30 test rows afterwards: {', '.join(told)}."
