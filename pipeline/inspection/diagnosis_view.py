"""How a diagnosis looks on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from pipeline import marks
from pipeline.hints import repeating
from pipeline.inspection.diagnosis import Diagnosis
from pipeline.inspection.remedies import Finding

_LOOKS = {
    "failed": (marks.FAILED, "bold red"),
    "held back": (marks.FAILED, "bold red"),
    "at work": (marks.AT_WORK, "cyan"),
    "cancelled": (marks.STOPPED, "yellow"),
    "succeeded": (marks.PASSED, "green"),
}


def diagnosis_text(diagnosis: Diagnosis, again: Sequence[str] = (), own: Sequence[str] = ()) -> Text:
    """The headline, below it each finding with what to try.

    Args:
        diagnosis: The diagnosis.
        again: The options that lead a command to the run's Vertex AI.
        own: Those with which `run` does again what the run has done.
    """
    mark, style = _LOOKS[diagnosis.outcome]
    parts = [Text.assemble((f"{mark} ", style), diagnosis.headline)]
    parts += [Text("\n").join(_lines(finding, again, own)) for finding in diagnosis.findings]
    parts += [Text(note, "dim") for note in diagnosis.notes]
    return Text("\n\n").join(parts)


def _lines(finding: Finding, again: Sequence[str], own: Sequence[str]) -> Iterator[Text]:
    yield Text(finding.subject, "bold")
    yield from (Text(f"  {line}") for line in finding.text.splitlines())
    if finding.advice:
        yield Text("  What to try:", "bold")
    yield from (Text(f"  - {repeating(sentence, again, own)}") for sentence in finding.advice)
