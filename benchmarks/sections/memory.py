"""A table of very many rows in several files: the memory that training it takes, and whether it is as fast."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.programs import ours
from benchmarks.repeats import Bout, Entry, in_turns, say
from benchmarks.results import Growth, Section
from benchmarks.series import Contest, Target
from benchmarks.sizes import Sizes
from benchmarks.tables import write_table

_MOST_MIB = 1536.0
_LEAST_SPEED = 0.8


def measure(sizes: Sizes) -> Section:
    """Trains a tenth of the large table, the table, and as many of them as there are files."""
    contests: list[Contest] = []
    growths: list[Growth] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        small = write_table(folder / "small.csv", sizes.rows // 10)
        say(f" writing {sizes.many_files} files of {sizes.rows:,} rows")
        for number in range(sizes.many_files):
            write_table(folder / f"rows-{number:02d}.csv", sizes.rows, seed=number + 1)
        amounts = (sizes.rows // 10, sizes.rows, sizes.rows * sizes.many_files)
        patterns = (small, folder / "rows-00.csv", folder / "rows-*.csv")
        for batch in sizes.batches:
            found, growth = _of_batch(batch, dict(zip(amounts, patterns, strict=True)), sizes)
            contests += found
            growths.append(growth)
    return Section("Many rows", tuple(contests), tuple(growths))


def _of_batch(batch: int, tables: dict[int, Path], sizes: Sizes) -> tuple[list[Contest], Growth]:
    small, large, many = tables
    say(f" {many:,} rows, batch {batch}")

    def entry(who: str, rows: int, *more: object) -> Entry:
        words = ("--csv", tables[rows], "--batch", batch, "--steps", rows // batch, *more)
        return Entry(who, lambda: ours("train").run(*words))

    held, once, tenth = (f"{rows:,} rows" for rows in (many, large, small))
    streamed = f"{held}, none held in memory"
    entries = [entry(held, many), entry(streamed, many, "--in-memory-mib", 0), entry(once, large), entry(tenth, small)]
    bout = in_turns(entries, sizes.long_repeats)
    medians = tuple(bout.series(who, "seconds").median for who in (tenth, once, held))
    what = f"{sizes.many_files} files, batch {batch}"
    return [
        *_contests(bout, what, [held, once, tenth]),
        *_contests(bout, f"{what}, streamed", [streamed, once]),
    ], Growth(f"training, batch {batch}", (small, large, many), medians)


def _contests(bout: Bout, what: str, among: list[str]) -> list[Contest]:
    """Speed against the second of them, and memory."""
    ours_alone, once, *_ = among
    speed = [Target("at least", _LEAST_SPEED, once)]
    memory = [Target("at most", _MOST_MIB)]
    return [
        bout.contest(f"{what}: from CSV to weights", "rows/s", "rows_per_s", speed, among=among),
        bout.contest(f"{what}: peak memory", "MiB", "peak_mib", memory, among=[ours_alone]),
    ]
