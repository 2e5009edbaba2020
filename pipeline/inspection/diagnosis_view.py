"""How a diagnosis looks on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from pipeline import marks
from pipeline.inspection.diagnosis import Diagnosis
from pipeline.inspection.remedies import Finding

_LOOKS = {
    "failed": (marks.FAILED, "bold red"),
    "held back": (marks.FAILED, "bold red"),
    "at work": (marks.AT_WORK, "cyan"),
    "cancelled": (marks.STOPPED, "yellow"),
    "succeeded": (marks.PASSED, "green"),
}


def diagnosis_text(diagnosis: Diagnosis) -> Text:
    """The headline, below it each finding with what to try."""
    mark, style = _LOOKS[diagnosis.outcome]
    parts = [Text.assemble((f"{mark} ", style), diagnosis.headline)]
    parts += [Text("\n").join(_lines(finding)) for finding in diagnosis.findings]
    parts += [Text(note, "dim") for note in diagnosis.notes]
    return Text("\n\n").join(parts)


def _lines(finding: Finding) -> Iterator[Text]:
    yield Text(finding.subject, "bold")
    yield from (Text(f"  {line}") for line in finding.text.splitlines())
    if finding.advice:
        yield Text("  What to try:", "bold")
    yield from (Text(f"  - {sentence}") for sentence in finding.advice)
