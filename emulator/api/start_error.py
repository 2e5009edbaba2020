"""Why the emulator cannot start."""

from __future__ import annotations


class StartError(Exception):
    """Why the emulator cannot start, in a sentence."""
