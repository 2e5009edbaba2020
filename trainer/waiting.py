"""A word to who waits: what takes its time elsewhere is told, and not only felt."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE_S = 7.0


@contextmanager
def told_when_slow(what: str, patience_s: float = _PATIENCE_S) -> Iterator[None]:
    """Says on the standard error what is waited for, where it takes long: clients try again in silence.

    Args:
        what: What must answer, to stand at the beginning of a sentence.
        patience_s: How long nothing is said.
    """
    sentence = f"{what} has not answered for {patience_s:g} s. It is asked again or waited for; Ctrl-C ends that."
    timer = threading.Timer(patience_s, lambda: print(sentence, file=sys.stderr, flush=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
