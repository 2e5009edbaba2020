"""The part of a task's panel that tells of its custom job, and lets the reader choose whose log is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from emulator.console.custom_jobs import JobView
from emulator.console.frame import choice
from emulator.console.markup import cell, fact, row, state_badge, table, tag

ALL = ""


class JobPart:
    """The part. It is hidden until it has a job to tell of.

    Args:
        on_choose: Called once the reader has chosen another replica.
    """

    def __init__(self, on_choose: Callable[[], Awaitable[None]]) -> None:
        self.replica = ALL
        self._on_choose = on_choose
        self._shown: JobView | None = None
        with tag("div", classes="stack") as self._part:
            self._facts = tag("div", classes="stack")
            self._choice = tag("div", classes="toolbar")
        self._part.set_visibility(False)

    def show(self, job: JobView | None) -> None:
        """Tells of a job; None hides the part."""
        if job == self._shown:
            return
        before, self._shown = self._shown, job
        self._part.set_visibility(job is not None)
        self._facts.clear()
        if job is None:
            self.replica = ALL
            return
        with self._facts:
            _tell(job)
        if before is None or before.number != job.number:
            self.replica = ALL
            self._choice.clear()
            with self._choice:
                texts = {ALL: "All replicas"} | {name: name for name in job.replicas}
                choice("Log of", texts, ALL, self._choose)

    @property
    def shows_names(self) -> bool:
        """Whether each line of the log needs the name of the replica that wrote it."""
        return self._shown is not None and self.replica == ALL and len(self._shown.replicas) > 1

    async def _choose(self, replica: str) -> None:
        self.replica = replica
        await self._on_choose()


def _tell(job: JobView) -> None:
    with tag("div", classes="heading"):
        tag("h3", "Custom job")
        state_badge(job.state)
    with tag("dl", classes="facts"):
        with fact("Number"):
            tag("code", job.number)
        with fact("Name"):
            tag("span", job.title, "wrap-anywhere")
    if job.error:
        tag("pre", job.error, "error-block")
    with tag("div", classes="scroll"), table("Worker pools", ["Replicas", "Machine", "Image"], stacking=False):
        for pool in job.pools:
            with row():
                cell("Replicas", _names(pool.replicas), "mono")
                cell("Machine", pool.machine)
                cell("Image", pool.image, "mono wrap-anywhere")


def _names(replicas: tuple[str, ...]) -> str:
    return replicas[0] if len(replicas) == 1 else f"{replicas[0]} to {replicas[-1]}"
