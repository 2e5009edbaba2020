"""A failed task's own error: what the service says of it, or what its log does where the service says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import dropwhile, takewhile

_LAST_LINES = 10
LONGEST_ERROR = 8000
# What Vertex AI says of any task that fails, whatever the reason.
_GENERAL = re.compile(
    r"replica \S+ exited with a non-zero status|DAG failed because some tasks failed|"
    r"[Ff]ailed to (?:create custom job|handle the (?:job|pipeline task)|refresh)|Job failed with error"
)
# An exit code that tells the reason by itself, where the log cannot.
_TELLING_STATUS = re.compile(r"non-zero status of (?:9|137)\b|low on memory")
_TRACEBACK = "Traceback (most recent call last):"
# How a line begins with which a message cannot go on: glog's prefix, a date, or kfp's executor.
_OTHER_VOICE = re.compile(r"[IWEF]\d{4} \d\d:|\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:|\[KFP Executor ")
_QUALIFIED = re.compile(r"(?:[A-Za-z_]\w*\.)+(?P<name>[A-Za-z_]\w*)(?:: (?P<message>.+))?", re.DOTALL)


def says_nothing(error: str) -> bool:
    """Whether an error is one that the service gives to every failed task, so that the log has to tell more."""
    return not error or (bool(_GENERAL.search(error)) and not _TELLING_STATUS.search(error) and _TRACEBACK not in error)


def own_error(error: str, log: str) -> str:
    """The error of a task in its own words, as far as they are known.

    Args:
        error: What the service says.
        log: The task's log; read only where the service says nothing.
    """
    if not says_nothing(error):
        return (last_exception(error) or error)[:LONGEST_ERROR]
    told = last_exception(log)
    if told:
        return told[:LONGEST_ERROR]
    lines = [line.rstrip() for line in log.splitlines() if line.strip()][-_LAST_LINES:]
    said = "\n".join(["Its log ends with:", *lines]) if lines else ""
    return "\n".join(filter(None, [error, said]))[:LONGEST_ERROR]


def last_exception(text: str) -> str:
    """The message of the exception that the last Python traceback in a text ends with; empty where there is none."""
    *before, after = text.split(_TRACEBACK)
    if not before:
        return ""
    # Frames, and the code in them, are indented; the exception is not, but its message may hold lines that are.
    lines = dropwhile(lambda line: not line or line[0].isspace(), after.splitlines())
    message = "\n".join(_of_one_voice(lines)).strip()
    found = _QUALIFIED.fullmatch(message)
    if found is None:
        return message
    is_sentence = " " in (found["message"] or "").partition("\n")[0].strip()
    return found["message"] if is_sentence else message[found.start("name") :]


def _of_one_voice(lines: Iterable[str]) -> Iterator[str]:
    return takewhile(lambda line: _OTHER_VOICE.match(line) is None, lines)
