"""The commands that speak to Vertex AI, Google's or the local one: versions, endpoint, predictions, local services."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.commands.asking import require_consent
from pipeline.commands.options import configured
from pipeline.config import Connection, Rollout, RunConfig
from pipeline.hints import repeating
from pipeline.vertex.connection import connected
from trainer.errors import UsageError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def up(
    *,
    warm: Annotated[
        bool | None,
        typer.Option(
            "--warm/--no-warm",
            help="Fork tasks and model servers from a process that has TensorFlow loaded (the default), or start each "
            "as a fresh one.",
        ),
    ] = None,
) -> None:
    """Start the local services: Vertex AI's stand-in and Cloud Storage. They stay until `down`."""
    from pipeline import services
    from pipeline.state_folder import place

    running = services.ensure_running(warm=warm)
    print(f"Vertex AI is at {running.api_host}, Cloud Storage at {running.storage_host}, process {running.pid}.")
    print(f"State and logs are in {place(services.STATE_DIR)}. `python -m pipeline down` ends them.")


@app.command()
def down() -> None:
    """Stop the local services. What they know stays, and is there again after `up`."""
    from pipeline import services
    from pipeline.state_folder import place

    if services.stop():
        print(f"The local services have ended. Their state is in {place(services.STATE_DIR)}.")
    else:
        print(f"The local services are down already: none work in {place(services.STATE_DIR)}.")


@app.command()
@configured(Connection)
def predict(
    *,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help='Instances: JSON lines, a JSON list, {"instances": [...]}, or CSV with or without column names. '
            "A path, a URL, or - for standard input.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print each prediction as a line of JSON.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write them to this CSV file. Many are written to one in any case."),
    ] = None,
    config: RunConfig,
) -> None:
    """Ask the endpoint for predictions; of a table with the label's column, tell how many are right."""
    from pipeline.serving.instance_file import read_instances
    from pipeline.serving.prediction import Endpoint
    from pipeline.serving.prediction_file import file_for, write_predictions
    from pipeline.serving.prediction_view import MOST_SHOWN, answers_table, json_lines, summary
    from pipeline.serving.score import score_text

    with ExitStack() as stack:

        @cache
        def endpoint() -> Endpoint:
            stack.enter_context(connected(config))
            return Endpoint(config)

        # What is wrong with the file is told before anything else is looked for.
        asked = read_instances(file, lambda: endpoint().columns())
        if asked.left_out:
            print(f"Not sent, as the model does not know them: {', '.join(asked.left_out)}.", file=sys.stderr)
        answers = list(endpoint().ask(asked.values))
    predictions = [prediction for answer in answers for prediction in answer.predictions]
    is_long = len(predictions) > MOST_SHOWN
    written = output or (file_for(file) if is_long and not as_json else None)
    if written is not None:
        write_predictions(written, predictions, asked.truths)
    if as_json:
        print(*json_lines(answers), sep="\n")
    else:
        Console().print(summary(answers) if is_long else answers_table(answers), soft_wrap=True)
    about = [score_text(predictions, asked.truths), f"Written to {written}." if written else ""]
    print(*filter(None, about), sep="\n", end="\n" * any(about), file=sys.stderr if as_json else sys.stdout)


@app.command()
@configured(Connection)
def models(*, config: RunConfig, again: Sequence[str], typed: Sequence[str]) -> None:
    """List the versions of the model: aliases, accuracy, where they serve, where they come from."""
    from pipeline.serving.record import read_versions
    from pipeline.serving.view import versions_table

    with connected(config):
        versions = read_versions(config)
    if not versions:
        told = f'The registry holds no model named "{config.model_name}". `python -m pipeline run` registers one.'
        print(repeating(told, again, typed))
        return
    Console().print(versions_table(versions), soft_wrap=True)


@app.command()
@configured(Connection)
def endpoints(*, config: RunConfig, again: Sequence[str]) -> None:
    """List the endpoints: what is deployed on them, and with which traffic."""
    from pipeline.serving.record import read_endpoints
    from pipeline.serving.view import endpoints_table
    from pipeline.vertex.clients import vertex_of

    with connected(config):
        found = read_endpoints(vertex_of(config))
    if not found:
        print(repeating("There are no endpoints. `python -m pipeline run` makes one.", again))
        return
    Console().print(endpoints_table(found), soft_wrap=True)


@app.command()
@configured(Connection, Rollout)
def promote(
    *,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Number of a registered version, or its alias.")],
    config: RunConfig,
) -> None:
    """Give all traffic to a version, after the checks that a run makes, and make it the champion."""
    from pipeline.serving import rollout as rollout_commands

    with connected(config):
        number = rollout_commands.promote(config, version)
    print(f"Version {number} has all traffic of {config.endpoint_name}, and is the champion.")


@app.command()
@configured(Connection)
def rollback(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask where it would lead to a newer version.")] = False,
    config: RunConfig,
) -> None:
    """Give all traffic back to the version that is deployed beside the champion; asks where that one is newer."""
    from pipeline.serving import rollout as rollout_commands

    with connected(config):
        way = rollout_commands.find_way_back(config)
        if way.is_forward:
            require_consent(rollout_commands.question_of(way), yes)
        rollout_commands.go_back(config, way)
    left, gained = way.current.version, way.earlier.version
    print(
        f"{'Forward' if way.is_forward else 'Back'} from version {left} to version {gained}: version {gained} has all "
        f"traffic of {config.endpoint_name} again, and is the champion; version {left} rests."
    )


@app.command()
@configured(Connection)
def undeploy(
    *,
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="Number of a version that is deployed, or its alias.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All versions.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: RunConfig,
) -> None:
    """Take a version, or all that is deployed, off the endpoint. The versions stay in the registry."""
    from pipeline.serving import rollout as rollout_commands

    if everything == (version is not None):
        raise UsageError("`undeploy` takes one version off the endpoint, or all: `undeploy VERSION`, `undeploy --all`.")
    with connected(config):
        leaving = rollout_commands.find_leaving(config, version)
        if not leaving:
            print("Nothing was deployed.")
            return
        require_consent("\n".join(one.question for one in leaving), yes)
        taken_off = rollout_commands.take_off(config, leaving)
    print(f"Taken off: version {', '.join(taken_off)}.")
