"""The marks before what has passed, failed or goes on, and what stands for them on a terminal of ASCII alone."""

from __future__ import annotations

import codecs

PASSED, FAILED, AT_WORK, WAITING, STOPPED = "✓", "✗", "●", "○", "■"

# The name of an error handler for text streams: `errors=MARKS_IN_ASCII`.
MARKS_IN_ASCII = "marks-in-ascii"

_IN_ASCII = {PASSED: "+", FAILED: "x", AT_WORK: "*", WAITING: "o", STOPPED: "#"}


def _instead(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_IN_ASCII.get(letter, "?") for letter in error.object[error.start : error.end]), error.end


codecs.register_error(MARKS_IN_ASCII, _instead)
