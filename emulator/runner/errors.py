"""The errors of the runner, each with the exit code of a command that stops on it.

RunnerError    1   a run that cannot go on
└── UsageError 2   a pipeline, parameter or run folder that makes no sense; nothing has run
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

PROBLEMS_SHOWN = 20
NAMES_SHOWN = 50
# How many pairs of characters are looked at for a name that is meant: enough for two thousand names of fifteen letters.
MOST_COMPARED = 450_000
# What difflib calls close.
_CLOSE = 0.6


class RunnerError(Exception):
    """What a command prints as one paragraph, without a traceback, before it exits with `exit_code`."""

    exit_code = 1


class UsageError(RunnerError):
    """A pipeline, parameter or run folder that makes no sense."""

    exit_code = 2


def listing(problems: Sequence[str]) -> str:
    """Joins problems into a paragraph: the first `PROBLEMS_SHOWN`, and how many more there are."""
    if len(problems) == 1:
        return problems[0]
    lines = [f"{len(problems)} problems:", *(f"  - {problem}" for problem in problems[:PROBLEMS_SHOWN])]
    if len(problems) > PROBLEMS_SHOWN:
        lines.append(f"  ... and {len(problems) - PROBLEMS_SHOWN} more.")
    return "\n".join(lines)


def nearest(word: str, known: Iterable[str]) -> str:
    """The hint ` Did you mean "x"?` where a known word is close to `word`, otherwise an empty string."""
    matches = difflib.get_close_matches(word, list(_comparable(word, known)), n=1, cutoff=_CLOSE)
    return f' Did you mean "{matches[0]}"?' if matches else ""


def _comparable(word: str, known: Iterable[str]) -> Iterator[str]:
    """The first of known words that are long enough and short enough to be close, as many as may be compared."""
    left = MOST_COMPARED
    for other in known:
        shorter, longer = sorted((len(word), len(other)))
        if 2 * shorter >= _CLOSE * (shorter + longer):
            left -= shorter * longer
            if left < 0:
                return
            yield other


def some(names: Iterable[str]) -> str:
    """Names for a sentence: the first `NAMES_SHOWN`, and how many there are."""
    listed = list(names)
    shown = ", ".join(listed[:NAMES_SHOWN])
    return shown if len(listed) <= NAMES_SHOWN else f"{shown} ... ({len(listed)} in all)"
