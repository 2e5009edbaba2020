from __future__ import annotations

from collections.abc import Sequence

import pytest

from trainer.errors import TrainingError
from trainer.training.reducer import ALONE, Reducer
from trainer.training.same_start import require_same_start


class Told(Reducer):
    """What a replica hears whose primary begins at some step."""

    def __init__(self, step: int | None) -> None:
        self._step = step

    def told(self, numbers: Sequence[int]) -> list[int]:
        step, digest = numbers
        return [step, digest + 1] if self._step is None else [self._step, digest]


def test_replica_that_is_alone_begins_as_it_likes() -> None:
    require_same_start(ALONE, 7, {"seed": 1})
    assert (ALONE.size, ALONE.is_primary, ALONE.told([3]), ALONE.agreed(True)) == (1, True, [3], True)


def test_replicas_that_see_other_checkpoints_say_so() -> None:
    require_same_start(Told(7), 7, {"seed": 1})
    with pytest.raises(TrainingError, match=r"sees is of step 0, and the primary's of step 7\. Give all replicas one"):
        require_same_start(Told(7), 0, {"seed": 1})


def test_replicas_that_were_told_otherwise_say_so() -> None:
    with pytest.raises(TrainingError, match=r"was told other settings than the primary, or has read other tables\."):
        require_same_start(Told(None), 7, {"seed": 1})
