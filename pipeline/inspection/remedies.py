"""What to try against an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.inspection.remedy_table import REMEDIES, Remedy
from pipeline.inspection.task_errors import LONGEST_ERROR


@dataclass(frozen=True)
class Finding:
    """A reason, and what to do about it.

    Attributes:
        subject: What it is about: a task, a rule.
        text: The reason in its own words.
        advice: Sentences and commands.
    """

    subject: str
    text: str
    advice: Sequence[str] = ()


def find_remedy(error: str) -> tuple[Remedy, Mapping[str, str]] | None:
    """The first remedy whose signs are in an error, and what their groups have found there; None without one.

    As much of a long one is looked at as `own_error` gives.
    """
    beginning = error[:LONGEST_ERROR]
    for remedy in REMEDIES:
        if found := remedy.signs.search(beginning):
            return remedy, {name: text for name, text in found.groupdict().items() if text}
    return None


def advice_for(error: str, facts: Mapping[str, str], is_local: bool) -> tuple[str, ...]:
    """What to try against an error, a sentence or a command each; nothing where the error is of no known kind.

    Args:
        error: Its text.
        facts: What may stand in the advice, by name; a name without a fact is shown in capitals.
        is_local: Whether the run is one of this machine.
    """
    found = find_remedy(error)
    if found is None:
        return ()
    remedy, groups = found
    sentences = remedy.local if is_local and remedy.local else remedy.advice
    return tuple(sentence.format_map(_Facts({**facts, **groups})) for sentence in sentences)


class _Facts(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name.upper()
