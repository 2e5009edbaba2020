"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], first_to_the_right: int | None = None) -> Text:
    """Rows of words under bold titles."""
    lines = [[Text(title, "bold") for title in titles], *([Text(cell) for cell in row] for row in rows)]
    return aligned(lines, first_to_the_right)


def aligned(lines: Sequence[Sequence[Text]], first_to_the_right: int | None = None) -> Text:
    """Lines of cells under each other; from a column on, to the right."""
    widths = [max(cell.cell_len for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        for column, (cell, width) in enumerate(zip(line, widths, strict=True)):
            blank = width - cell.cell_len
            if first_to_the_right is not None and column >= first_to_the_right:
                cell.pad_left(blank)
            elif column < len(line) - 1:
                cell.pad_right(blank)
    joined = [Text("  ").join(line) for line in lines]
    for text in joined:
        text.rstrip()
    return Text("\n").join(joined)
