"""How a command ends: an error is one paragraph and an exit code, never a traceback that nobody asked for."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

from trainer.errors import ProjectError
from trainer.system_errors import sentence_of


def exit_code_of(command: Callable[[], object], program: str, *, debug: bool) -> int:
    """Runs a command to its end, and sees to it that its output is out.

    Args:
        command: What to run.
        program: What the user called, such as `python -m trainer.task`.
        debug: Whether an error goes on to the caller, with its traceback.

    Returns:
        0; that of a ProjectError; 1 after any other error.
    """
    if not debug:
        logging.getLogger("gcsfs").setLevel(logging.CRITICAL)  # it logs a traceback for each attempt to connect
    try:
        try:
            command()
        finally:
            sys.stdout.flush()
    except Exception as error:
        if debug:
            raise
        return _told(error, program)
    return 0


def _told(error: Exception, program: str) -> int:
    if isinstance(error, OSError):
        _drop_output()
    if isinstance(error, BrokenPipeError):  # who has read the output wants no more of it
        return 1
    if isinstance(error, ProjectError):
        sentence = str(error)
    elif isinstance(error, OSError | MemoryError):
        sentence = sentence_of(error)
    else:
        what = f"{type(error).__name__}: {error}".rstrip(": .")
        sentence = f"Unexpected {what}. Run again as `{program} --debug ...` to see the traceback."
    print(f"Error: {sentence}", file=sys.stderr)
    return error.exit_code if isinstance(error, ProjectError) else 1


def _drop_output() -> None:
    """Lets go of output that cannot be written: Python would try once more as it ends, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
