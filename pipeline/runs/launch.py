"""Submit a run, follow it, cancel it when interrupted: the same for the local Vertex AI and for Google's."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pipeline.config import Place, RunConfig, tuning_parameter_values
from pipeline.config_layers import COMMAND_LINE, DEFAULT
from pipeline.interrupts import Interrupted, Interruption
from pipeline.runs.client import Runs
from pipeline.runs.follow import follow
from pipeline.runs.inputs import check_inputs
from pipeline.runs.links import page_of
from pipeline.runs.own_options import keep_options
from pipeline.runs.record import RunRecord
from pipeline.runs.submission import Draft, build_job, draft, draft_of_file, require_name, send
from pipeline.runs.view import command_line, progress, summary
from pipeline.vertex.connection import connected, require_buckets

_CANCEL_PATIENCE_S = 90.0
_CANCEL_POLL_S = 0.2
_ENDED = {"cancelled": "cancelled", "succeeded": "over, and has succeeded", "failed": "over, and has failed"}


def drafting(
    config: RunConfig,
    sources: Mapping[str, str],
    file: Path | None,
    foreign: Mapping[str, str],
    check: Callable[[], None] = lambda: None,
    *,
    name: str = "",
    options: Sequence[str] = (),
) -> Callable[[], Draft]:
    """What makes a draft of what is to be submitted; nothing is copied or sent. What it has made it keeps.

    To compile takes a second, in which services may start. What is found in less time is found here.

    Args:
        config: The configuration.
        sources: Where its values come from, as `load_config` tells.
        file: A compiled pipeline. None compiles this project's.
        foreign: Values of the file's parameters that are no keys of the configuration.
        check: Called again and again meanwhile; what it raises ends the work.
        name: What people call the run; empty for the pipeline's name.
        options: The words of the command line.

    Raises:
        UsageError: The run could not begin: all that is wrong with its files on this machine.
        DataError: A file cannot be read; what is returned raises it, too.
    """
    check()
    if name:
        require_name(name)
    if file is None:
        check_inputs(config)
        return cache(lambda: replace(draft(config, check), name=name, options=options))
    made = replace(_draft_of(file, config, sources, foreign, check), name=name, options=options)
    return lambda: made


def _draft_of(
    file: Path,
    config: RunConfig,
    sources: Mapping[str, str],
    foreign: Mapping[str, str],
    check: Callable[[], None],
) -> Draft:
    values = tuning_parameter_values(config)  # of which other pipelines have some
    offered = {name: values[name] for name, source in sources.items() if name in values and source != DEFAULT}
    # What is typed must fit, unless it has a meaning of its own.
    typed = {name: offered[name] for name, source in sources.items() if name in offered and source == COMMAND_LINE}
    meant = {name: value for name, value in typed.items() if name not in (*Place.model_fields, "git_sha")}
    return draft_of_file(file, config, {**meant, **foreign}, offered, check)


def submit_only(config: RunConfig, drafted: Callable[[], Draft]) -> str:
    """Submits a run, and returns its resource name.

    Args:
        config: The configuration.
        drafted: As `drafting` returns it.
    """
    with connected(config, start=True, meanwhile=lambda: _prepare(drafted)):
        return _sent(config, drafted())


def _prepare(drafted: Callable[[], Draft]) -> None:
    """Does what need not wait for services that start: it compiles, and loads the clients that submit."""
    drafted()
    from google.cloud import storage  # noqa: F401
    from google.cloud.aiplatform_v1.services import pipeline_service  # noqa: F401


def _sent(config: RunConfig, submission: Draft, check: Callable[[], None] = lambda: None) -> str:
    require_buckets(config)
    job = build_job(config, submission, check)
    check()
    name = send(config, job)
    keep_options(config.root, name.rpartition("/")[2], submission.options)
    return name


def submit_and_follow(
    config: RunConfig,
    drafted: Callable[[], Draft],
    console: Console,
    again: Sequence[str],
    interruption: Interruption,
) -> RunRecord:
    """Submits a run and shows how it goes, and at its end what it has come to.

    Args:
        config: The configuration.
        drafted: As `drafting` returns it.
        console: Where it is shown.
        again: The options that lead a command to the same Vertex AI.
        interruption: Read until the run has ended.

    Returns:
        The run in its last state.

    Raises:
        Interrupted: It was interrupted. A run that was submitted is cancelled.
    """
    with connected(config, start=True, meanwhile=lambda: _prepare(drafted), check=interruption.check):
        name = _sent(config, drafted(), interruption.check)
        ended = _followed(config, name, console, again, interruption)
        if ended.state == "succeeded":
            console.print("", _outcome(config, ended, again, drafted().options), sep="\n", soft_wrap=True)
    return ended


def _followed(
    config: RunConfig, name: str, console: Console, again: Sequence[str], interruption: Interruption
) -> RunRecord:
    console.print(Text.assemble("Run ", (name.rpartition("/")[2], "bold"), f"  {page_of(name)}"), soft_wrap=True)
    with progress(console) as show:
        ended = follow(config, name, show, interruption)
    if ended is None or interruption.is_heard:
        raise Interrupted(_cancelled(config, name, again))
    return ended


def _cancelled(config: RunConfig, name: str, again: Sequence[str]) -> str:
    """Cancels a run, waits a while for its end, and tells what came of it."""
    from google.api_core.exceptions import BadRequest

    runs = Runs(config)
    run_id = name.rpartition("/")[2]
    with suppress(BadRequest):  # it has ended meanwhile
        runs.cancel(name)
    deadline = time.monotonic() + _CANCEL_PATIENCE_S
    while time.monotonic() < deadline:
        run = runs.get(name)
        if run.is_final:
            return f"Stopped: run {run_id} is {_ENDED[run.state]}."
        time.sleep(_CANCEL_POLL_S)
    return f"Stopped: run {run_id} is being cancelled. `{command_line('show', run_id, *again)}` tells when it is."


def _outcome(config: RunConfig, run: RunRecord, again: Sequence[str], own: Sequence[str]) -> Text:
    from pipeline.runs.decision import read_decision
    from pipeline.runs.prediction import asked_of_endpoint

    told = [summary(run, read_decision(run), again)]
    if run.outputs("smoke"):
        told.append(asked_of_endpoint(config, run, again, own))
    return Text("\n\n").join(told)
