"""What one task was given, what it made, why it failed, and what it wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from emulator.console.addresses import linked_page
from emulator.console.custom_jobs import read_custom_job
from emulator.console.job_part import JobPart
from emulator.console.logs import LINES_SHOWN, read_log_end
from emulator.console.markup import cell, duration, fact, head_cell, link, row, state_badge, table, tag, time, uri
from emulator.console.reader import ReadError
from emulator.console.services import Services
from emulator.console.states import shown_state
from emulator.console.tasks import ArtifactView, TaskView
from emulator.console.values import value_text
from emulator.console.widgets import LogView

# A value that is longer stands folded.
LONGEST_SHOWN = 400
# Of more metadata than this, an artifact shows only how much there is.
FACTS_SHOWN = 4
# These are drawn elsewhere on the page.
DRAWN = frozenset({"confusionMatrix", "confidenceMetrics"})


class TaskPanel:
    """The part of a run's page that tells of one task.

    Args:
        services: What it reads from.
        location: The run's location.
        run_label: The label that all has which the run starts.
    """

    def __init__(self, services: Services, location: str, run_label: str) -> None:
        self._services = services
        self._location = location
        self._run_label = run_label
        self._shown: tuple[TaskView, str] | None = None
        with tag("section", classes="card task-part", attributes={"aria-label": "Task"}):
            self._place = tag("div", classes="stack")
            self._job = JobPart(self._show_chosen_log)
            with tag("div", classes="stack") as self._log_part:
                tag("h3", "Log")
                self._log_note = ui.label("").classes("soft small")
                self._log = LogView("Log of the task")
            self._values = tag("div", classes="stack")
        self._log_part.set_visibility(False)
        self.tell_nothing()

    def tell_nothing(self) -> None:
        """Invites the reader to choose a task."""
        self._place.clear()
        self._values.clear()
        with self._place:
            tag("h2", "Task")
            tag("p", "Choose a task in the graph to see its inputs, outputs, errors and log.", "soft")

    async def show(self, task: TaskView, title: str) -> None:
        """Tells of a task, and reads its log again where it may have grown.

        Args:
            task: The task.
            title: What the graph calls it.
        """
        if self._shown != (task, title):
            is_another = self._shown is None or self._shown[0].unique_name != task.unique_name
            self._shown = (task, title)
            self._place.clear()
            with self._place:
                _tell(task, title)
            self._values.clear()
            with self._values:
                _values("Inputs", task.parameters, task.inputs)
                _values("Outputs", task.results, task.outputs)
            if is_another:
                self._log.show("")
                self._job.show(None)
            await self._show_log(task)
        elif not task.is_final:
            await self._show_log(task)

    async def _show_chosen_log(self) -> None:
        if self._shown is not None:
            await self._show_log(self._shown[0])

    async def _show_log(self, task: TaskView) -> None:
        self._log_part.set_visibility(True)
        self._log.set_visibility(bool(task.job))
        if not task.job:
            self._log_note.set_text(_why_no_log(task))
            return
        try:
            job = await read_custom_job(self._services.reader, self._location, task, self._run_label)
            self._job.show(job)
            number = job.number if job else task.job
            whose = (self._job.replica, self._job.shows_names)
            end = await read_log_end(self._services.reader, self._location, number, *whose)
        except ReadError as error:
            self._log_note.set_text(str(error))
            return
        note = f"The last {LINES_SHOWN:,} lines. " if end.is_cut else ""
        note += "" if task.is_final else "Still being written."
        self._log_note.set_text(
            note if end.text else "Nothing was written yet." if not task.is_final else "It wrote nothing."
        )
        self._log.show(end.text)
        self._log.set_visibility(bool(end.text))


def _why_no_log(task: TaskView) -> str:
    if task.state == "skipped":
        return "Its outputs were taken from the cache; the log is with the run that made them."
    if task.state == "not_triggered":
        return "It did not run."
    return "It has not begun." if not task.is_final else "It has no log."


def _tell(task: TaskView, title: str) -> None:
    with tag("div", classes="heading"):
        tag("h2", title, "wrap-anywhere")
        state_badge(task.state)
    with tag("dl", classes="facts"):
        with fact("Name"):
            tag("code", task.unique_name)
        if task.started is not None:
            with fact("Started"):
                time(task.started)
            with fact("Duration"):
                duration(task.started, task.ended, task.is_final)
    if task.error:
        tag("h3", "Error")
        tag("pre", task.error, "error-block", {"role": "alert"})
    attempts = [attempt for attempt in task.history if attempt.state == "running"]
    if len(attempts) > 1:
        _history(task)


def _values(title: str, parameters: Mapping[str, Any], artifacts: Sequence[ArtifactView]) -> None:
    if not parameters and not artifacts:
        return
    tag("h3", title)
    if parameters:
        with tag("div", classes="scroll"), table(title, ["Parameter", "Value"], stacking=False):
            for name, value in sorted(parameters.items()):
                with row():
                    head_cell(name)
                    with cell("Value", classes="value mono"):
                        long_text(value_text(value))
    for artifact in artifacts:
        _artifact(artifact)


def long_text(text: str) -> None:
    """A text, folded where it is long."""
    if len(text) <= LONGEST_SHOWN:
        tag("span", text)
        return
    with tag("details", classes="more"):
        tag("summary", f"{text[:80]}… ({len(text):,} characters)")
        tag("pre", text, "text-block")


def _artifact(artifact: ArtifactView) -> None:
    with tag("div", classes="artifact"):
        with tag("div"):
            tag("b", artifact.key)
            tag("span", f" {artifact.kind.removeprefix('system.') or 'Artifact'}", "soft small")
        if artifact.uri:
            with tag("div"):
                uri(artifact.uri)
        resource = str(artifact.metadata.get("resourceName", ""))
        if linked_page(resource):
            kind, name = resource.split("/")[-2:]
            link(f"Open {kind.removesuffix('s')} {name}", linked_page(resource))
        shown = {name: value for name, value in sorted(artifact.metadata.items()) if name not in DRAWN}
        if len(shown) <= FACTS_SHOWN:
            _metadata(shown)
        else:
            with tag("details", classes="more small"):
                tag("summary", f"{len(shown)} facts")
                _metadata(shown)


def _metadata(shown: Mapping[str, Any]) -> None:
    with tag("dl", classes="facts small"):
        for name, value in shown.items():
            with fact(name), tag("span", classes="mono"):
                long_text(value_text(value))


def _history(task: TaskView) -> None:
    tag("h3", "Attempts")
    with tag("ol"):
        for attempt in task.history:
            with tag("li"):
                tag("span", f"{shown_state(attempt.state).word} ")
                time(attempt.moment)
                if attempt.error:
                    tag("span", f" {attempt.error}", "soft")
