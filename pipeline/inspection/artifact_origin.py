"""Which run has made an artifact: its URI tells, since a run writes below a folder of its own."""

from __future__ import annotations

from pipeline.runs.record import RunRecord, TaskRecord


def maker_of(uri: str, root: str) -> str:
    """The id of the run that has written an artifact; empty where the URI does not tell.

    Args:
        uri: The artifact's.
        root: The folder of all runs. Below it, Google's Vertex AI puts the project's number before the run's id.
    """
    if not root or not uri.startswith(f"{root.rstrip('/')}/"):
        return ""
    first, *others = uri.removeprefix(root).strip("/").split("/")
    if first.isdigit() and others:
        first, *others = others
    return first if others else ""


def origin_of(task: TaskRecord, run: RunRecord) -> str:
    """The id of the run from which a task's outputs were taken; empty where it is this one, or cannot be told."""
    makers = {maker_of(artifact.uri, run.root) for artifact in task.outputs.values()} - {"", run.run_id}
    return makers.pop() if len(makers) == 1 else ""
