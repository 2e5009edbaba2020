"""Tells from a task's log and exit code why the task has failed."""

from __future__ import annotations

import re
import signal

_TRACEBACK = re.compile(r"^(  \+ Exception Group )?Traceback \(most recent call last\):\n", re.MULTILINE)
_GROUP_LINE = re.compile(r" *\| (?! |Traceback )(.+)")
_EXCEPTION = re.compile(r"(?P<module>(?:[A-Za-z_]\w*\.)*)(?P<name>[A-Za-z_]\w*)(?:: (?P<message>.*))?", re.DOTALL)
# What libraries such as TensorFlow write in glog's format, also while Python ends after an exception.
_NATIVE_LOG = re.compile(r"^[IWEF]\d{4} [^\n]*\.(?:cc|cpp|h):\d+\] ", re.MULTILINE)
_LAST_LINES = 10
_LONGEST = 8000


def explain(log: str, code: int) -> str:
    """A task's own error: the message of the exception that ended it, otherwise how it ended.

    Args:
        log: What the task wrote to standard output and standard error.
        code: Its exit code; above 128 it is 128 plus the number of the signal that ended it, and below 0 the
            number of the signal that ended what watched over it.
    """
    code = 128 - code if code < 0 else code
    # Python exits with 1 on an exception; after any other code a traceback in the log is not the cause.
    message = last_exception(log) if code == 1 else ""
    if message:
        return message[:_LONGEST]
    lines = [line.rstrip() for line in log.splitlines() if line.strip()][-_LAST_LINES:]
    tail = "It wrote nothing." if not lines else "Its last lines:\n" + "\n".join(lines)
    return f"{_ending(code)} {tail}"[:_LONGEST]


def last_exception(log: str) -> str:
    """The message of the last exception in a log, without frames; empty where there is none."""
    tracebacks = list(_TRACEBACK.finditer(log))
    if not tracebacks:
        return ""
    lines = log[tracebacks[-1].end() :].splitlines()
    if tracebacks[-1][1]:
        return "\n".join(found[1] for line in lines if (found := _GROUP_LINE.fullmatch(line)))
    # Frames, the code that they show and the marks below it are indented.
    start = next((i for i, line in enumerate(lines) if line and not line.startswith(" ")), len(lines))
    message = _NATIVE_LOG.split("\n".join(lines[start:]), maxsplit=1)[0]
    return _without_class(message.strip())


def _without_class(text: str) -> str:
    """Drops the class of an exception that is no builtin where its message can stand alone."""
    found = _EXCEPTION.fullmatch(text)
    if found is None or not found["module"]:
        return text
    message = found["message"] or ""
    if " " in message.strip().split("\n")[0]:
        return message
    return text.removeprefix(found["module"])


def _ending(code: int) -> str:
    if code <= 128:
        return f"The task ended with exit code {code}."
    try:
        name = signal.Signals(code - 128).name
    except ValueError:
        return f"The task ended with exit code {code}."
    hint = " The system does that when memory runs out." if name == "SIGKILL" else ""
    return f"The task was killed by {name}.{hint}"
