"""The errors of the runner, each with the exit code of a command that stops on it.

RunnerError    1   a run that cannot go on
└── UsageError 2   a pipeline, parameter or run folder that makes no sense; nothing has run
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

PROBLEMS_SHOWN = 20


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
    matches = difflib.get_close_matches(word, list(known), n=1)
    return f' Did you mean "{matches[0]}"?' if matches else ""
