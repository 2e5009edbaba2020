"""The report: what was measured, against what, and which targets are met, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.numbers import number
from benchmarks.results import Measured
from benchmarks.series import Contest, Series, pair_ratio
from benchmarks.verdicts import Verdict, judge

_QUICK = "The sizes are so small that the figures say nothing but that all of it works.\n"
_HEAD = """# Benchmarks

Written by `{command}`, and by nobody else. Whatever is compared was run in turns on one machine; a ratio is the median
of the ratios of the pairs, so that what slows the machine for a while slows both. Read the ratios: the figures drift
from machine to machine and from hour to hour.
"""


def write(sections: Mapping[str, Measured], quick: bool, picture: str) -> str:
    """The report on sections.

    Args:
        sections: What was measured, by name.
        quick: Whether the sizes were small.
        picture: The file of the growth picture, as seen from the report; empty where nothing grew.
    """
    command = "make bench-quick" if quick else "make bench"
    parts = [_HEAD.format(command=command), *[_QUICK] * quick, _targets(sections), *map(_section, sections.values())]
    if picture:
        parts.append(
            "## Growth\n\nHow many times as long it takes for how many times as much; the medians, on two logarithmic "
            f"axes.\n\n![How time grows with size]({picture})\n\n{_growth_table(sections)}"
        )
    return "\n".join(parts)


def verdicts(sections: Mapping[str, Measured]) -> list[tuple[Contest, Verdict]]:
    """What has become of every target."""
    return [
        (contest, judge(contest, target))
        for measured in sections.values()
        for contest in measured.section.contests
        for target in contest.targets
    ]


def _targets(sections: Mapping[str, Measured]) -> str:
    judged = verdicts(sections)
    met = sum(verdict.state == "met" for _, verdict in judged)
    rows = [(contest.what, verdict.target, verdict.measured, _strong(verdict)) for contest, verdict in judged]
    return f"## Targets\n\n{met} of {len(judged)} are met.\n\n" + _table(
        ("what", "target", "measured", ""), rows, "lllr"
    )


def _strong(verdict: Verdict) -> str:
    return verdict.outcome if verdict.state == "met" else f"**{verdict.outcome}**"


def _section(measured: Measured) -> str:
    where = f", commit {measured.commit}" if measured.commit else ""
    when = f"Measured {measured.at:%Y-%m-%d %H:%M} UTC{where}, on {measured.machine}."
    contests = [_contest(contest) for contest in measured.section.contests]
    grids = [
        f"### {grid.what}\n\n{_table(grid.heads, grid.rows, 'l' + 'r' * (len(grid.heads) - 1))}"
        for grid in measured.section.grids
    ]
    return "\n".join([f"## {measured.section.title}\n\n{when}\n", *contests, *grids])


def _contest(contest: Contest) -> str:
    unit = f" ({contest.unit})" if contest.unit else ""
    several = contest.compared and len(contest.series) > 1
    who = "who" if contest.compared else "part"
    heads = (who, f"median{unit}", "min", "max", *["ours over it"] * several, "repeats")
    rows = [_row(contest, series, several) for series in contest.series]
    parts = [f"### {contest.what}\n", _table(heads, rows, "l" + "r" * (len(heads) - 1))]
    parts += [f"{who} was not measured: {why}.\n" for who, why in (contest.absent or {}).items()]
    if contest.note:
        parts.append(f"{contest.note}\n")
    return "\n".join(parts)


def _row(contest: Contest, series: Series, several: bool) -> tuple[str, ...]:
    versions = ", ".join(f"{name} {version}" for name, version in series.versions.items())
    who = f"{series.who} ({versions})" if versions and contest.compared else series.who
    values = (number(series.median), number(min(series.values)), number(max(series.values)))
    ratio = "" if series is contest.ours else number(pair_ratio(contest.ours, series))
    return (who, *values, *[ratio] * several, str(len(series.values)))


def _growth_table(sections: Mapping[str, Measured]) -> str:
    rows = [
        (growth.what, f"{amount:,}", number(seconds), number(amount / first), number(seconds / growth.seconds[0]))
        for measured in sections.values()
        for growth in measured.section.growths
        for first in growth.amounts[:1]
        for amount, seconds in zip(growth.amounts, growth.seconds, strict=True)
    ]
    return _table(("what", "how much", "seconds", "times as much", "times as long"), rows, "lrrrr")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], sides: str) -> str:
    rule = ["---:" if side == "r" else "---" for side in sides]
    lines = [_line(heads), _line(rule), *map(_line, rows)]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
