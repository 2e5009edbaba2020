"""Tables that nobody has looked at: drafted, trained as the draft says, beside scikit-learn on the same splits."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.environments import Environment
from benchmarks.numbers import number
from benchmarks.programs import ours, peer
from benchmarks.repeats import say
from benchmarks.results import Grid, Section
from benchmarks.series import OURS, Contest, Series, Target
from benchmarks.sizes import Sizes

LINEAR, TREES = "logistic regression", "gradient boosting"
_LABEL = "label"
_MOST_SHORT, _MOST_SHORT_ANYWHERE, _LEAST_SHARE = 0.01, 0.03, 0.75
_PEERS = Environment("public_tables")


@dataclass(frozen=True)
class Scored:
    """One table, and how well each has learned it: the means over the seeds.

    Attributes:
        name: The table.
        rows: Its rows.
        classes: Its classes.
        accuracy: By contestant, 0 to 1.
        loss: By contestant, in nats.
    """

    name: str
    rows: int
    classes: int
    accuracy: Mapping[str, float]
    loss: Mapping[str, float]

    @property
    def short(self) -> float:
        """By how much our accuracy falls short of the better peer's; below 0 where ours is better."""
        return max(self.accuracy[LINEAR], self.accuracy[TREES]) - self.accuracy[OURS]


def measure(sizes: Sizes) -> Section:
    """Writes tables and splits, lets all learn them."""
    with tempfile.TemporaryDirectory() as folder:
        say(f" {sizes.public_tables} tables, {sizes.table_seeds} seeds: the peers")
        words = ("--folder", folder, "--tables", sizes.public_tables, "--seeds", sizes.table_seeds)
        theirs = peer("public_tables", _PEERS).run(*words)
        say(" this project")
        folders = [table["folder"] for table in theirs["tables"]]
        found = ours("learn").run("--folders", *folders, "--label", _LABEL, "--seeds", sizes.table_seeds)
    scored = [
        _scored(table, {OURS: own, **table["scores"]})
        for table, own in zip(theirs["tables"], found["scores"], strict=True)
    ]
    return section_of(scored, sizes.table_seeds, found["versions"] | theirs["versions"])


def section_of(scored: Sequence[Scored], seeds: int, versions: dict[str, str]) -> Section:
    """What is told of tables.

    Args:
        scored: The tables.
        seeds: How many splits of each there were.
        versions: What all ran with.
    """
    what = f"{len(scored)} public tables, {seeds} splits each"
    short = [table.short for table in scored]
    calm = statistics.fmean(table.loss[OURS] <= table.loss[LINEAR] for table in scored)
    return Section(
        "Public tables",
        (
            _one(f"{what}: accuracy short of the better peer's, mean", statistics.fmean(short), _MOST_SHORT, versions),
            _one(f"{what}: accuracy short of the better peer's, worst", max(short), _MOST_SHORT_ANYWHERE, versions),
            Contest(
                f"{what}: share whose log loss is no worse than logistic regression's",
                "",
                (Series(OURS, (calm,), versions),),
                (Target("at least", _LEAST_SHARE),),
                note="Contracts as they were drafted, default settings. Each different row of a table is in it once; "
                "30 in 100 rows, class by class, are the test.",
            ),
        ),
        grids=(_grid(scored, seeds),),
    )


def _one(what: str, value: float, most: float, versions: dict[str, str]) -> Contest:
    return Contest(what, "", (Series(OURS, (value,), versions),), (Target("at most", most),))


def _grid(scored: Sequence[Scored], seeds: int) -> Grid:
    whos = (OURS, LINEAR, TREES)
    heads = ("table", "rows", "classes", *(f"accuracy: {who}" for who in whos), *(f"log loss: {who}" for who in whos))
    rows = [
        (
            table.name,
            f"{table.rows:,}",
            str(table.classes),
            *(number(table.accuracy[who]) for who in whos),
            *(number(table.loss[who]) for who in whos),
        )
        for table in scored
    ]
    return Grid(f"Table by table, the means of {seeds} splits", heads, tuple(rows))


def _scored(table: Mapping[str, Any], scores: Mapping[str, Sequence[Mapping[str, float]]]) -> Scored:
    accuracy, loss = (
        {who: statistics.fmean(split[of] for split in splits) for who, splits in scores.items()}
        for of in ("accuracy", "loss")
    )
    return Scored(table["name"], table["rows"], table["classes"], accuracy, loss)
