from __future__ import annotations

from rich.text import Text

from pipeline.text_table import aligned, table


def test_cells_stand_below_each_other_whatever_their_width() -> None:
    assert table(["A", "B"], [["東京", "x"], ["[red]", ""]]).plain == "A      B\n東京   x\n[red]"


def test_columns_from_one_on_stand_to_the_right() -> None:
    lines = [[Text("a"), Text("10")], [Text("bc"), Text("9")]]
    assert aligned(lines, first_to_the_right=1).plain == "a   10\nbc   9"
