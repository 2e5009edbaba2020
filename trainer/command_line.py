"""How a command ends: an error is one paragraph and an exit code, never a traceback that nobody asked for."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from trainer.errors import ProjectError


def exit_code_of(command: Callable[[], object], program: str, *, debug: bool) -> int:
    """Runs a command to its end.

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
        command()
    except ProjectError as error:
        if debug:
            raise
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    except Exception as error:
        if debug:
            raise
        what = f"{type(error).__name__}: {error}".rstrip(": .")
        hint = f"Run again as `{program} --debug ...` to see the traceback."
        print(f"Error: Unexpected {what}. {hint}", file=sys.stderr)
        return 1
    return 0
