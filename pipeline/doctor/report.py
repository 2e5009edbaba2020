"""What the doctor finds, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rich.text import Text

from pipeline import marks


class State(StrEnum):
    """How a prerequisite stands.

    UNKNOWN could not be found out, and NOTE is good to know; neither stops a run.
    """

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """A prerequisite.

    Attributes:
        what: Its name.
        state: How it stands.
        detail: What was found.
        remedy: What to do, mostly a command; empty where there is nothing to do.
    """

    what: str
    state: State
    detail: str
    remedy: str = ""


_MARKS = {
    State.OK: (marks.PASSED, "green"),
    State.FAILED: (marks.FAILED, "bold red"),
    State.UNKNOWN: ("?", "yellow"),
    State.NOTE: ("-", "dim"),
}


def report(findings: Sequence[Finding]) -> Text:
    """A line for each prerequisite, its remedy below it, and a sentence on all of them."""
    width = max(len(finding.what) for finding in findings)
    lines = []
    for finding in findings:
        first, *others = finding.detail.splitlines()
        lines.append(Text.assemble(_MARKS[finding.state], f" {finding.what:{width}}  {first}"))
        lines += [Text(f"  {'':{width}}  {line}") for line in others]
        lines += [Text(f"  {'':{width}}  > {line}") for line in finding.remedy.splitlines()]
    return Text("\n").join([*lines, Text(), Text(_in_all(findings))])


def _in_all(findings: Sequence[Finding]) -> str:
    counts = {state: sum(finding.state is state for finding in findings) for state in State}
    open_ones = f" {counts[State.UNKNOWN]} could not be found out." if counts[State.UNKNOWN] else ""
    if counts[State.FAILED]:
        return f"{counts[State.FAILED]} of {len(findings)} prerequisites are not met.{open_ones}"
    return f"Nothing stands in a run's way.{open_ones}"
