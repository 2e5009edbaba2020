"""Asking a person before something is taken away."""

from __future__ import annotations

import sys

import typer

from trainer.errors import ProjectError, UsageError


def require_consent(question: str, is_given: bool) -> None:
    """Asks on the terminal, unless the command line has answered already.

    Args:
        question: What is asked; a sentence with its question mark at the end.
        is_given: Whether `--yes` was.

    Raises:
        UsageError: Nobody is there to ask.
        ProjectError: The answer is no.
    """
    if is_given:
        return
    try:
        agrees = typer.confirm(question)
    except typer.Abort:
        if sys.stdin.isatty():  # Ctrl-C
            raise
        print()
        raise UsageError("There is no terminal to ask on, so nothing was changed: `--yes` does it unasked.") from None
    if not agrees:
        raise ProjectError("Nothing was changed.")
