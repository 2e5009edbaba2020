"""Labels as Vertex AI takes them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from components.vertex.labels import label_value


@given(st.text())
def test_label_value_is_always_a_label(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9_-]{0,63}", label_value(text))


def test_label_value_keeps_what_is_one() -> None:
    assert label_value("run_2026-01") == "run_2026-01"
    assert label_value("Größe 1.5") == "gr--e-1-5"
    assert label_value("x" * 100) == "x" * 63
