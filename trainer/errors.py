"""The errors a user can cause and mend, each with the exit code of a command that stops on it.

ProjectError          1   base: what happened, where, what was received, what to do
├── UsageError        2   a flag, parameter or configuration value makes no sense
│   └── ContractError 2   the data contract (schema.toml) is itself wrong
├── DataError         1   a table breaks the contract; lists every problem
└── TrainingError     1   training cannot go on, or cannot be resumed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

PROBLEMS_SHOWN = 20
WORDS_SHOWN = 6
CHARACTERS_SHOWN = 60
LONGEST_VALUE_SHOWN = 100
# How many pairs of characters are looked at for a word that is meant: enough for two thousand words of fifteen letters.
MOST_COMPARED = 450_000
# What difflib calls close.
_CLOSE = 0.6


class ProjectError(Exception):
    """What a command prints as one paragraph, without a traceback, before it exits with `exit_code`."""

    exit_code = 1


class UsageError(ProjectError):
    """A flag, parameter or configuration value that makes no sense."""

    exit_code = 2


class ContractError(UsageError):
    """A data contract that cannot be read or contradicts itself."""


class DataError(ProjectError):
    """Tables that break the data contract.

    Args:
        problems: One sentence a problem, each naming file, line, column, what was received and what to do.
        total: How many problems there are in all, where `problems` holds only the first of them.
    """

    def __init__(self, problems: Sequence[str], total: int | None = None) -> None:
        self.problems = tuple(problems)
        self.total = len(self.problems) if total is None else total
        super().__init__(listing(self.problems, self.total))


class TrainingError(ProjectError):
    """Training that cannot go on, or a job directory that another configuration began."""


def listing(problems: Sequence[str], total: int) -> str:
    """Joins problems into a paragraph: the first `PROBLEMS_SHOWN`, and how many more there are."""
    if total == 1:
        return problems[0]
    shown = problems[:PROBLEMS_SHOWN]
    lines = [f"{total} problems:", *(f"  - {problem}" for problem in shown)]
    if total > len(shown):
        lines.append(f"  ... and {total - len(shown)} more.")
    return "\n".join(lines)


def nearest(word: str, known: Iterable[str]) -> str:
    """The hint ` Did you mean "x"?` where a known word is close to `word`, otherwise an empty string."""
    folded = word.casefold()
    by_folded = dict(_comparable(folded, known))
    matches = difflib.get_close_matches(folded, list(by_folded), n=1, cutoff=_CLOSE) if by_folded else []
    return f" Did you mean {quoted(by_folded[matches[0]])}?" if matches else ""


def _comparable(folded: str, known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The first of known words that are long enough and short enough to be close, folded and as they are."""
    left = MOST_COMPARED
    for candidate in known:
        other = candidate.casefold()
        shorter, longer = sorted((len(folded), len(other)))
        if 2 * shorter >= _CLOSE * (shorter + longer):
            left -= shorter * longer
            if left < 0:
                return
            yield other, candidate


def quoted(text: str) -> str:
    """`text` in double quotes, on one line: escaped where it cannot be printed, shortened where long."""
    shown = text if len(text) <= CHARACTERS_SHOWN else text[: CHARACTERS_SHOWN - 3] + "..."
    escaped = (char if char.isprintable() else char.encode("unicode_escape").decode() for char in shown)
    return f'"{"".join(escaped)}"'


def shown(value: object) -> str:
    """A value as a person would write it: a text in quotes, a boolean in lower case, the start of what is long."""
    if isinstance(value, str):
        return quoted(value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST_VALUE_SHOWN else f"{text[:LONGEST_VALUE_SHOWN]}..."


def one_of(words: Iterable[str]) -> str:
    """Words for a sentence, the first ones of many: `"a", "b" or "c"`."""
    listed = [quoted(word) for word in words]
    if len(listed) > WORDS_SHOWN:
        return f"one of {', '.join(listed[:WORDS_SHOWN])} ... ({len(listed)} in all)"
    return " or ".join(filter(None, [", ".join(listed[:-1]), *listed[-1:]]))
