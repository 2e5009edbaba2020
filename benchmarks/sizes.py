"""How much is measured: as much as figures need, or just so much that all of it is known to work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """The sizes of all measurements.

    Attributes:
        name: "full" or "quick".
        repeats: Turns of what takes seconds.
        long_repeats: Turns of what takes minutes.
        rows: Rows of the large table.
        batches: Rows a step.
        steady_passes: Passes over it to measure the steady state.
        many_files: How many tables of that size make the very large one.
        iris_steps: Optimizer steps on Iris.
        commands: Turns of the commands.
        load_s: Seconds that each way of asking is kept busy a turn.
        listed: How many runs and versions are listed: times 1, 10 and 100.
        seeds: Seeds of the accuracy.
        public_tables: How many of the public tables are learned.
        table_seeds: Splits of each.
        tensorflow_bodies: Whether steps are also measured with bodies that load TensorFlow.
        first_run: Whether a run is made first that is not counted.
        makes: Turns of what installs all packages.
    """

    name: str
    repeats: int
    long_repeats: int
    rows: int
    batches: tuple[int, ...]
    steady_passes: int
    many_files: int
    iris_steps: int
    commands: int
    load_s: float
    listed: tuple[int, int, int]
    seeds: int
    public_tables: int
    table_seeds: int
    tensorflow_bodies: bool
    first_run: bool
    makes: int


FULL = Sizes(
    name="full",
    repeats=5,
    long_repeats=3,
    rows=2_000_000,
    batches=(40, 1024),
    steady_passes=5,
    many_files=10,
    iris_steps=1000,
    commands=10,
    load_s=3.0,
    listed=(100, 1_000, 10_000),
    seeds=20,
    public_tables=17,
    table_seeds=5,
    tensorflow_bodies=True,
    first_run=True,
    makes=2,
)
QUICK = Sizes(
    name="quick",
    repeats=1,
    long_repeats=1,
    rows=40_000,
    batches=(40,),
    steady_passes=4,
    many_files=3,
    iris_steps=200,
    commands=2,
    load_s=0.3,
    listed=(2, 20, 200),
    seeds=1,
    public_tables=2,
    table_seeds=1,
    tensorflow_bodies=False,
    first_run=False,
    makes=1,
)
