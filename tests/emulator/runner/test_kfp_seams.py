from __future__ import annotations

import math
import types

import pytest

from emulator.runner.errors import RunnerError
from emulator.runner.kfp_seams import replaced


def test_replaced_gives_the_original_to_its_replacement_and_puts_it_back() -> None:
    module = types.ModuleType("module")
    module.__dict__["root"] = math.sqrt
    with replaced(module, "root", lambda original, x: original(x) + 1):
        assert module.root(4) == 3
    assert module.root is math.sqrt


@pytest.mark.run
def test_replaced_names_the_seam_that_kfp_has_lost() -> None:
    with (
        pytest.raises(
            RunnerError, match=r"^kfp .* has no math\.cubic, which the runner needs\. Install kfp 2\.17\.3\.$"
        ),
        replaced(math, "cubic", len),
    ):
        pass
