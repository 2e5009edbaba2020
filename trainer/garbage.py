"""Less time for the search for garbage: most of what large libraries make as they load stays until the process ends.

This file stands in trainer/ and in emulator/, the same to the byte: the emulator serves any project, so it imports
nothing of this one, and a third room for both would be more than the copy.
"""

from __future__ import annotations

import atexit
import gc

# Objects that have lived for a while are searched a tenth as often as by default. Google's SDK makes 340,000 of them,
# TensorFlow 380,000, and Python would look through all that are there some twenty times while they are made.
THRESHOLDS = (700, 10, 100)


def search_seldom() -> None:
    """Makes this process search for garbage seldom, and not at its end. A program calls it before it loads libraries.

    At the end all happens as always (exit handlers, files, the finalizers of what is no longer referred to), but
    objects that refer to each other in a circle are left to the system: to find them takes a second with Google's SDK.
    """
    gc.set_threshold(*THRESHOLDS)
    # The first handler is the last to run.
    atexit.register(gc.freeze)
