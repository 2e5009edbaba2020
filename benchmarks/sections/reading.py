"""Tables: checking them against their contract, and evaluating a model on them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.models import export_iris
from benchmarks.programs import ours, peer
from benchmarks.repeats import Entry, in_turns, say
from benchmarks.results import Section
from benchmarks.series import OURS, Contest, Target
from benchmarks.sizes import Sizes
from benchmarks.tables import write_table

_LEAST_ROWS_PER_S = 2_000_000.0
# "Keeps step": scoring, the curves and the decision may cost a fifth.
_LEAST_OF_PREDICTION = 0.8
_BATCH = 1024


def measure(sizes: Sizes) -> Section:
    """Checks and evaluates a large table."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        table = write_table(folder / "rows.csv", sizes.rows)
        return Section("Tables", (_checking(table, sizes), _evaluating(table, export_iris(folder / "model"), sizes)))


def _checking(table: Path, sizes: Sizes) -> Contest:
    say(f" checking {sizes.rows:,} rows")
    entries = [
        Entry(OURS, lambda: ours("check").run("--csv", table)),
        Entry("pyarrow's bare parser", lambda: peer("bare_pyarrow").run("--csv", table)),
    ]
    return in_turns(entries, sizes.repeats).contest(
        f"{sizes.rows:,} rows checked against the contract, with statistics",
        "rows/s",
        "rows_per_s",
        [Target("at least", _LEAST_ROWS_PER_S)],
        "pyarrow parses the file on all cores and checks nothing.",
    )


def _evaluating(table: Path, model: Path, sizes: Sizes) -> Contest:
    say(f" evaluating {sizes.rows:,} rows")
    words = ("--csv", table, "--model", model, "--batch", _BATCH)
    prediction = "prediction alone"
    entries = [
        Entry(OURS, lambda: ours("predict").run(*words, "--evaluate")),
        Entry(prediction, lambda: ours("predict").run(*words)),
    ]
    return in_turns(entries, sizes.repeats).contest(
        f"{sizes.rows:,} rows evaluated, {_BATCH} at a time",
        "rows/s",
        "rows_per_s",
        [Target("at least", _LEAST_OF_PREDICTION, prediction)],
        "Evaluation loads the model, reads, predicts, scores with the curves, and decides; prediction stops before "
        "the scores.",
    )
