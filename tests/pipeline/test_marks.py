from __future__ import annotations

import io

from pipeline import marks


def test_marks_differ_where_a_terminal_has_ascii_alone() -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="ascii", errors=marks.MARKS_IN_ASCII)
    stream.write(f"{marks.PASSED} {marks.FAILED} {marks.AT_WORK} {marks.WAITING} {marks.STOPPED} é")
    stream.flush()
    assert written.getvalue() == b"+ x * o # ?"
