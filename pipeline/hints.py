"""Commands in sentences, with the options that lead them to where the reader is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

_COMMAND = re.compile(r"`python -m pipeline (?P<name>[a-z-]+)(?P<rest>[^`]*)`")
# They are of this machine, whatever the others speak to.
_WITHOUT = ("up", "down", "draft-schema")


def repeating(text: str, again: Sequence[str], own: Sequence[str] = ()) -> str:
    """A text whose commands repeat options.

    Args:
        text: Sentences with commands such as `python -m pipeline show RUN` in backquotes.
        again: The options that lead a command to the same Vertex AI.
        own: Those that a `run` repeats; what the sentence itself gives it wins over them.
    """

    def filled(found: re.Match[str]) -> str:
        name, rest = found["name"], found["rest"]
        if name in _WITHOUT:
            return found[0]
        if name == "run":
            return f"`python -m pipeline run{_words(own or again)}{rest}`"
        return f"`python -m pipeline {name}{rest}{_words(again)}`"

    return _COMMAND.sub(filled, text)


def _words(options: Sequence[str]) -> str:
    return f" {shlex.join(options)}" if options else ""
