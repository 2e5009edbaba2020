"""What a run has come to, part by part, as it looks on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from components.vertex.trials import sentence_of
from pipeline import marks
from pipeline.runs.links import page_of, report_at
from pipeline.runs.record import RunRecord
from pipeline.text_table import aligned

_STATES = {
    "queued": (marks.WAITING, "dim", "queued"),
    "pending": (marks.WAITING, "dim", "waiting"),
    "running": (marks.AT_WORK, "cyan", "running"),
    "succeeded": (marks.PASSED, "green", "done"),
    "skipped": (marks.PASSED, "green", "from the cache"),
    "not_triggered": ("-", "dim", "not run"),
    "failed": (marks.FAILED, "bold red", "failed"),
    "cancel_pending": (marks.AT_WORK, "yellow", "stopping"),
    "cancelling": (marks.AT_WORK, "yellow", "stopping"),
    "cancelled": (marks.STOPPED, "yellow", "stopped"),
    "paused": (marks.WAITING, "yellow", "paused"),
}
_MOST_CLASSES = 20
# By what is noted of it: where a version has answered its smoke test.
_SMOKE = {
    "task": " It answered its smoke test in the deployment task.",
    "endpoint": " It answered its smoke test on an endpoint of its own.",
}


def results(run: RunRecord, decision: Mapping[str, Any]) -> list[Text]:
    """Warnings, search, metrics, confusion matrix, decision, version and places; empty where a run has none.

    Args:
        run: The run.
        decision: The decision record that it has written; empty where it has none.
    """
    told = [_decision(decision), _serving(run, decision), _places(run)]
    return [_warnings(run), _search(run), _metrics(run), _confusion_matrix(run), *told]


def look(state: str) -> tuple[str, str, str]:
    """The mark, style and word for a state."""
    return _STATES.get(state, ("?", "yellow", state.replace("_", " ")))


def _warnings(run: RunRecord) -> Text:
    """What was odd about the data, though not wrong, each once."""
    artifacts = [artifact for task in run.tasks for artifact in task.outputs.values()]
    noted = [str(warning) for artifact in artifacts for warning in artifact.metadata.get("warnings") or []]
    return Text("\n").join(Text.assemble(("! ", "yellow"), warning) for warning in dict.fromkeys(noted))


def _search(run: RunRecord) -> Text:
    """The values that a search has chosen."""
    chosen = [artifact.metadata.get("trial") for artifact in run.outputs("trials")]
    return Text("\n").join(Text(sentence_of(trial)) for trial in chosen if trial)


def noted_of(run: RunRecord, kind: str) -> Mapping[str, Any]:
    """What was noted of the last artifact of a kind; nothing where there is none."""
    artifacts = [artifact for task in run.tasks for artifact in task.outputs.values() if artifact.kind == kind]
    return artifacts[-1].metadata if artifacts else {}


def number_text(value: object) -> str:
    """A metric's value; nothing where it is no number."""
    return f"{value:.4f}" if isinstance(value, int | float) else ""


def _metrics(run: RunRecord) -> Text:
    scalars = noted_of(run, "system.Metrics")
    known = [(name, number_text(scalars.get(name))) for name in ("accuracy", "loss")]
    return Text("   ").join(
        Text.assemble(f"{name.capitalize()} ", (number, "bold")) for name, number in known if number
    )


def _confusion_matrix(run: RunRecord) -> Text:
    matrix = noted_of(run, "system.ClassificationMetrics").get("confusionMatrix")
    if not matrix:
        return Text()
    classes = [str(spec.get("displayName", "")) for spec in matrix.get("annotationSpecs", [])]
    if len(classes) > _MOST_CLASSES:
        return Text(f"Confusion matrix: {len(classes)} classes, too many for a terminal; the report has it.")
    lines = [[Text(), *map(Text, classes)]]
    for index, (name, row) in enumerate(zip(classes, matrix.get("rows", []), strict=False)):
        cells = [_cell(count, column == index) for column, count in enumerate(row["row"])]
        lines.append([Text(f"  {name}"), *cells])
    heading = Text("Confusion matrix: a row for each class, a column for each answer\n")
    return heading.append_text(aligned(lines, first_to_the_right=1))


def _cell(count: float, is_right: bool) -> Text:
    style = "green" if is_right else "red"
    return Text(f"{count:.0f}", style if count else "dim")


def verdict_of(record: Mapping[str, Any]) -> str:
    """`passed`, `kept back`, or nothing, by what a record says under `passed`."""
    return {True: "passed", False: "kept back"}.get(record.get("passed", ""), "")


def _decision(record: Mapping[str, Any]) -> Text:
    if not record:
        return Text()
    verdict = verdict_of(record)
    lines = [Text.assemble("Decision: ", (verdict, "bold green" if verdict == "passed" else "bold red"))]
    for rule in record.get("rules", []):
        mark, style, _ = look("succeeded" if rule.get("passed") else "failed")
        lines.append(Text.assemble("  ", (mark, style), f" {rule.get('sentence', '')}"))
    return Text("\n").join(lines)


def _serving(run: RunRecord, decision: Mapping[str, Any]) -> Text:
    """Which version the run has made, and what serves since."""
    registered = [str(artifact.metadata.get("version", "")) for artifact in run.outputs("registered_model")]
    if not registered:
        is_kept_back = decision.get("passed") is False
        return Text("No version was registered; what served before still serves." if is_kept_back else "")
    noted = [artifact.metadata for artifact in run.outputs("endpoint")][-1:]
    shares = [share for one in noted for share in (one.get("traffic") or {}).items()]
    told = ", ".join(f"version {name} {percent:.0f} %" for name, percent in sorted(shares, key=lambda share: -share[1]))
    smoke = "".join(_SMOKE.get(str(one.get("smoke", "")), "") for one in noted)
    traffic = f". Traffic: {told}." if told else "."
    return Text.assemble("Registered ", (f"version {registered[-1]}", "bold"), f"{traffic}{smoke}")


def _places(run: RunRecord) -> Text:
    places = [("Report", report_at(artifact.uri)) for artifact in run.outputs("report")]
    places += [("Model", artifact.uri) for artifact in run.outputs("registered_model") or run.outputs("model")]
    places += [("Curves", artifact.uri) for artifact in run.outputs("training_log")]
    places += [("Console", page_of(run.name))]
    return aligned([[Text(name), Text(place)] for name, place in places])
