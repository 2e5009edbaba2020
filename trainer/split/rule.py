"""What a person says of how a table is to be split."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.errors import quoted


@dataclass(frozen=True)
class Rule:
    """How rows find their side.

    Attributes:
        share: The share of the rows that are for evaluation, above 0 and below 1.
        seed: Decides which; a whole number from 0.
        group: The column of whose rows those with one word stay together; empty for none.
        time: The column by which the latest rows are for evaluation; empty for none.
    """

    share: float = 0.2
    seed: int = 1
    group: str = ""
    time: str = ""

    def __str__(self) -> str:
        """How the rows were split, for a sentence."""
        if self.time:
            return f"the latest rows by {quoted(self.time)} evaluate"
        if self.group:
            return f"rows with one {quoted(self.group)} stay together, drawn by seed {self.seed}"
        return f"by what the rows hold, drawn by seed {self.seed}; equal rows stay together"
