from __future__ import annotations

from benchmarks.environments import ROOT
from benchmarks.report import write
from benchmarks.results import Grid, Growth, Measured, Section
from benchmarks.series import Contest, Target
from tests.benchmarks.measurements import contest, measured, series


def test_report_tells_each_target_with_what_was_measured_and_its_outcome() -> None:
    targets = (Target("at least", 0.6, "the limit"), Target("at least", 180, ""))
    text = write({"training": measured(contest(*targets))}, quick=False, picture="")
    assert "1 of 2 are met." in text
    assert "| a million rows | at least 0.6 of the limit | 0.9 of it | met |" in text
    assert "| a million rows | at least 180 rows/s | 90 rows/s | **missed by 50 %** |" in text


def test_report_tells_median_spread_ratio_and_repeats_of_each_contestant() -> None:
    text = write({"training": measured(contest())}, quick=False, picture="")
    assert "| who | median (rows/s) | min | max | ours over it | repeats |" in text
    assert "| this project (tensorflow 2.21.0) | 90 | 80 | 100 |  | 3 |" in text
    assert "| the limit | 100 | 100 | 100 | 0.9 | 3 |" in text
    assert "the original was not measured: it needs Python 3.11, and no python3.11 is here." in text
    assert "What a reader must know." in text


def test_report_tells_when_of_what_and_on_what_it_was_measured() -> None:
    text = write({"training": measured(contest())}, quick=False, picture="")
    assert "Measured 2026-01-02 03:04 UTC, commit abc1234, on 2 cores of a CPU." in text


def test_parts_of_a_whole_are_not_held_against_each_other() -> None:
    parts = Contest("a run", "s", (series("train-model", 5.0), series("deploy-model", 4.0)), compared=False)
    text = write({"run": measured(parts)}, quick=False, picture="")
    assert "| part | median (s) | min | max | repeats |" in text
    assert "| deploy-model | 4 | 4 | 4 | 1 |" in text


def test_report_shows_numbers_side_by_side() -> None:
    grid = Grid("Table by table", ("table", "rows"), (("wine", "178"),))
    text = write({"tables": Measured(Section("Public tables", (), grids=(grid,)))}, quick=False, picture="")
    assert "### Table by table\n\n| table | rows |\n| --- | ---: |\n| wine | 178 |\n" in text


def test_report_shows_growth_as_picture_and_table() -> None:
    growth = Growth("listing runs", (100, 1000), (0.01, 0.05))
    text = write({"lists": measured(growths=(growth,))}, quick=False, picture="growth.svg")
    assert "![How time grows with size](growth.svg)" in text
    assert "| listing runs | 1,000 | 0.05 | 10 | 5 |" in text


def test_report_of_small_sizes_says_so() -> None:
    sections = {"training": measured(contest())}
    assert "say nothing but that all of it works" in write(sections, quick=True, picture="")
    assert "say nothing but that all of it works" not in write(sections, quick=False, picture="")


def test_the_readme_quotes_three_lines_of_the_report_as_they_are() -> None:
    quoted = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Speed")[2].partition("\n## ")[0]
    lines = [line for line in quoted.splitlines() if line.startswith("| ")][2:]
    targets = (ROOT / "docs" / "BENCHMARKS.md").read_text(encoding="utf-8").partition("## Targets")[2].splitlines()
    assert len(lines) == 3
    assert [line for line in lines if line not in targets] == []
