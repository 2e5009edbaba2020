from __future__ import annotations

import re
import sys

from trainer.contract.cell_text import WHITE_SPACE


def test_white_space_is_what_python_strips() -> None:
    known = {character for character in map(chr, range(sys.maxunicode + 1)) if not character.strip()}
    assert {character for character in map(chr, range(sys.maxunicode + 1)) if re.match(WHITE_SPACE, character)} == known
