"""The list of models, and the page of one with its versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.console.addresses import location_of, page_of
from emulator.console.decision import number_text
from emulator.console.frame import framed, refused
from emulator.console.markup import (
    DASH,
    banner,
    cell,
    chips,
    crumbs,
    empty,
    fact,
    head_cell,
    link,
    row,
    table,
    tag,
    text_fact,
    time,
    uri,
)
from emulator.console.metrics import numbers_of, parse_confusion, parse_roc
from emulator.console.reader import ReadError
from emulator.console.results_view import show_confusion, show_rocs
from emulator.console.runs import RunView, parse_run
from emulator.console.services import Services
from emulator.console.versions import (
    DATA_LABEL,
    GIT_LABEL,
    RUN_LABEL,
    VersionView,
    find_run,
    parse_version,
    read_evaluation,
)

# The accuracies of so many are read, one call each.
MOST_EVALUATED = 100


async def show_models(services: Services, location: str, _query: Mapping[str, str]) -> None:
    """Builds the list.

    Args:
        services: What it reads from.
        location: Whose models.
    """
    with framed("Models", location, "Models"):
        try:
            models = [parse_version(model) for model in await services.reader.list_all(location, "models")]
            metrics = [await read_evaluation(services.reader, model) for model in models[:MOST_EVALUATED]]
        except ReadError as error:
            banner(str(error), "bad")
            return
        with tag("div", classes="heading"):
            tag("h1", "Models")
            tag("span", f"{len(models):,} in all", "soft")
        with tag("div", classes="card flush"):
            if not models:
                empty("No models yet", "A run whose gate opens registers one.", "python -m pipeline run")
                return
            columns = ["Model", "Default version", "Aliases", "Accuracy", "Updated", "Labels"]
            with table("Models", columns, ["Accuracy"]):
                for place, model in enumerate(models):
                    _model_row(model, metrics[place] if place < len(metrics) else {})


def _model_row(model: VersionView, metrics: Mapping[str, Any]) -> None:
    with row():
        with head_cell():
            link(model.title, page_of(model.model))
        with cell("Version"):
            link(model.version, page_of(model.name))
        with cell("Aliases"):
            _aliases(model.aliases)
        cell("Accuracy", _accuracy(metrics), "number")
        with cell("Updated", classes="when"):
            time(model.updated)
        with cell("", classes="labels"):
            chips(model.labels, 4)


def _accuracy(metrics: Mapping[str, Any]) -> str:
    return number_text(numbers_of(metrics).get("accuracy"))


def _aliases(aliases: Sequence[str]) -> None:
    with tag("div", classes="chips"):
        for alias in aliases:
            tag("span", alias, "chip alias")


async def show_model(services: Services, name: str, _query: Mapping[str, str]) -> None:
    """Builds the page of a model; one of its versions is told of, the default one unless the name has another.

    Args:
        services: What it reads from.
        name: The model's resource name, with or without a version or an alias.
    """
    location = location_of(name)
    reader = services.reader
    try:
        chosen = parse_version(await reader.get(name))
        versions = [parse_version(model) for model in await reader.list_all(chosen.model, ":listVersions")]
        newest_first = sorted(versions, key=lambda version: int(version.version), reverse=True)
        metrics = {version.version: await read_evaluation(reader, version) for version in newest_first[:MOST_EVALUATED]}
        job = await find_run(reader, chosen)
    except ReadError as error:
        with framed("Model", location, "Models"):
            refused(error, "model")
        return
    with framed(chosen.title, location, "Models"):
        crumbs("Models", page_of(f"{location}/models"), chosen.model.rpartition("/")[2])
        tag("h1", chosen.title)
        _versions(newest_first, metrics, chosen)
        _version(chosen, parse_run(job) if job else None)
        _evaluation(chosen, metrics.get(chosen.version, {}))


def _versions(versions: Sequence[VersionView], metrics: Mapping[str, Mapping[str, Any]], chosen: VersionView) -> None:
    with tag("section", classes="card flush", attributes={"aria-label": "Versions"}):
        columns = ["Version", "Aliases", "Accuracy", "Created", "Run", "Data", "Git", "Deployed at"]
        with table("Versions", columns, ["Accuracy"]):
            for version in versions:
                with row("chosen" if version.version == chosen.version else ""):
                    with head_cell():
                        entry = link(f"Version {version.version}", page_of(version.name))
                        if version.version == chosen.version:
                            entry.props["aria-current"] = "true"
                    with cell("Aliases"):
                        _aliases(version.aliases)
                    cell("Accuracy", _accuracy(metrics.get(version.version, {})), "number")
                    with cell("Created", classes="when"):
                        time(version.created)
                    with cell("Run"):
                        _run_link(version)
                    for label, head in ((DATA_LABEL, "Data"), (GIT_LABEL, "Git")):
                        cell(head, version.labels.get(label, DASH), "mono")
                    with cell("Deployed at"), tag("div"):
                        for place in version.places:
                            with tag("div"):
                                link(place.rpartition("/")[2], page_of(place))


def _run_link(version: VersionView) -> None:
    run = version.labels.get(RUN_LABEL, "")
    if run:
        link(run, page_of(f"{location_of(version.model)}/pipelineJobs/{run}"))
    else:
        tag("span", DASH)


def _version(version: VersionView, run: RunView | None) -> None:
    with tag("section", classes="card", attributes={"aria-label": "Version"}):
        with tag("div", classes="heading"):
            tag("h2", f"Version {version.version}")
            _aliases(version.aliases)
        if version.description:
            tag("p", version.description)
        with tag("dl", classes="facts"):
            with fact("Made by run"):
                _run(version, run)
            with fact("From data"):
                _data(version, run)
            text_fact("At commit", version.labels.get(GIT_LABEL, ""))
            with fact("Artifact"):
                uri(version.artifact_uri)
            with fact("Image"):
                tag("span", version.image or DASH, "mono")
            if version.labels:
                with fact("Labels"):
                    chips(version.labels)


def _run(version: VersionView, run: RunView | None) -> None:
    label = version.labels.get(RUN_LABEL, "")
    if run is not None:
        link(run.summary.title, page_of(run.summary.name))
    elif label:
        tag("span", f"{label}, which this emulator no longer has")
    else:
        tag("span", DASH)


def _data(version: VersionView, run: RunView | None) -> None:
    """The data's sum, and the data itself where the run still tells where it lies."""
    label = version.labels.get(DATA_LABEL, "")
    tag("span", label or DASH, "mono")
    found = [
        artifact
        for _, artifact in (run.outputs if run else ())
        if label and str(artifact.metadata.get("sha256", "")).startswith(label)
    ]
    for artifact in {artifact.uri: artifact for artifact in found}.values():
        with tag("div"):
            uri(artifact.uri)


def _evaluation(version: VersionView, metrics: Mapping[str, Any]) -> None:
    numbers = numbers_of(metrics)
    confusion, roc = parse_confusion(metrics), parse_roc(metrics)
    if not numbers and confusion is None and roc is None:
        return
    with tag("section", classes="stack", attributes={"aria-label": "Evaluation"}):
        tag("h2", f"Evaluation of version {version.version}")
        with tag("div", classes="tiles"):
            for name, value in sorted(numbers.items(), key=lambda pair: pair[0] != "accuracy"):
                with tag("div", classes="tile"):
                    tag("b", number_text(value))
                    tag("span", name)
        with tag("div", classes="cards"):
            if confusion is not None:
                show_confusion(confusion, f"Version {version.version}")
            if roc is not None:
                show_rocs({f"Version {version.version}": roc})
