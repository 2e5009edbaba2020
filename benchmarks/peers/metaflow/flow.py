"""Four steps in a row, as a Metaflow flow: each notes when its body began and ended."""

# mypy: disable-error-code="import-not-found,misc,untyped-decorator"

from __future__ import annotations

import json
import time
from pathlib import Path

from metaflow import FlowSpec, Parameter, step


class FourSteps(FlowSpec):
    """The steps, each fed by the one before."""

    folder = Parameter("folder", default=".")
    tensorflow = Parameter("tensorflow", default=False, type=bool)

    @step
    def start(self) -> None:
        """The first."""
        self.names = self._note("first", "")
        self.next(self.second)

    @step
    def second(self) -> None:
        """The second."""
        self.names = self._note("second", self.names)
        self.next(self.third)

    @step
    def third(self) -> None:
        """The third."""
        self.names = self._note("third", self.names)
        self.next(self.end)

    @step
    def end(self) -> None:
        """The fourth."""
        self.names = self._note("fourth", self.names)

    def _note(self, name: str, after: str) -> str:
        begun = time.time()
        if self.tensorflow:
            import tensorflow as tf

            tf.reduce_sum(tf.random.normal([500, 500])).numpy()
        Path(self.folder, name).write_text(json.dumps([begun, time.time()]), encoding="utf-8")
        return name + after


if __name__ == "__main__":
    FourSteps()
