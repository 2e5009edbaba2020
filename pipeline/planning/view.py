"""The plan of a submission, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.text import Text

from pipeline.config import RunConfig
from pipeline.machines import SCALE_TIERS
from pipeline.planning.lookup import RUNS_READ
from pipeline.planning.plan import Plan, PlannedFile, PlannedTask
from pipeline.services import STATE_DIR
from pipeline.state_folder import place
from trainer.errors import shown

_ON_FAILURE = {"slow": "runs what does not depend on the failed task", "fast": "begins nothing more"}
_STATES = {True: "there already", False: "would be copied", None: "would be copied unless it is there"}


def plan_text(plan: Plan, config: RunConfig) -> Text:
    """All of a plan."""
    images = {task.image for task in plan.tasks if task.image}
    is_one_image = len(images) == 1
    tasks = [
        line for number, task in enumerate(plan.tasks, 1) for line in _task(number, task, shows_image=not is_one_image)
    ]
    lines = [
        Text.assemble("A run of ", (plan.pipeline, "bold"), f" on {_where(config)}. This is a plan: nothing is done."),
        *_section("Files", (_file(file) for file in plan.files)),
        *_section("Tasks", tasks),
        *_section("The run", _about(plan, config, *(images if is_one_image else ()))),
    ]
    return Text("\n").join(lines)


def _where(config: RunConfig) -> str:
    if config.connection == "local":
        return "this machine"
    return f"Vertex AI, project {config.project}, {config.location}"


def _section(title: str, lines: Iterable[Text]) -> Iterator[Text]:
    yield Text()
    yield Text(title, "bold")
    yield from lines


def _file(file: PlannedFile) -> Text:
    if not file.is_copied:
        return Text(f"  {file.name}: {file.target}, read where it lies")
    return Text(f"  {file.name}: {file.source}\n      {file.target}  ({_STATES[file.is_there]})")


def _task(number: int, task: PlannedTask, shows_image: bool) -> Iterator[Text]:
    condition = "".join(f", if the {name}" for name in task.conditions)
    yield Text.assemble(f"  {number}. ", (task.display_name, "bold"), f"{condition}: {_outcome(task)}")
    if task.outcome != "cached":
        image = f", in {task.image}" if shows_image and task.image else ""
        yield Text(f"      on     {task.machine or 'the default machine'}{image}")
    for uri in task.reads:
        yield Text(f"      reads  {uri}")
    for uri in task.writes:
        yield Text(f"      {'takes ' if task.outcome == 'cached' else 'writes'} {uri}")


def _outcome(task: PlannedTask) -> str:
    if task.outcome is None:
        return "runs unless it is cached"
    if task.outcome == "cached":
        return f"cached, from run {task.reason}"
    return f"{'may be cached' if task.outcome == 'unknown' else 'runs'} ({task.reason})"


def _about(plan: Plan, config: RunConfig, image: str = "") -> Iterator[Text]:
    if image:
        yield Text(f"  image       {image}")
    yield Text(f"  results     {config.root}, RUN being the run's id")
    if config.connection == "vertex":
        yield Text(f"  runs as     {config.service_account}")
    if config.scale_tier:
        yield Text(f"  scale tier  {config.scale_tier}: {_listed(SCALE_TIERS[config.scale_tier])}")
    if config.experiment:
        yield Text(f"  experiment  {config.experiment}")
    yield Text(f"  on failure  {_ON_FAILURE[config.failure_policy]}")
    yield Text(f"  cache       {_cache(plan, config)}")
    if "model_name" in plan.parameters or plan.pipeline == config.pipeline_name:
        yield Text(f"  champion    {_champion(plan, config)}")
    yield Text(f"  parameters  {_listed(plan.parameters) or 'the defaults'}")
    yield Text(f"  labels      {', '.join(f'{name}={value}' for name, value in plan.labels.items())}")


def _cache(plan: Plan, config: RunConfig) -> str:
    if not config.enable_caching:
        return "off"
    return _cannot_tell() if plan.champion is None else f"as far as the {RUNS_READ} newest runs of {plan.pipeline} tell"


def _champion(plan: Plan, config: RunConfig) -> str:
    if plan.champion is None:
        return _cannot_tell()
    return f"version {plan.champion} of {config.model_name}" if plan.champion else "none yet"


def _cannot_tell() -> str:
    where = place(STATE_DIR)
    return f"cannot tell: the local services are down, none work in {where}; `python -m pipeline up` starts them"


def _listed(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={shown(value)}" for name, value in parameters.items())
