"""The commands that speak to Vertex AI, Google's or the local one: versions, endpoint, predictions, local services."""

from __future__ import annotations

import os

import typer

from pipeline.config import RunConfig
from trainer.errors import UsageError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def connect(config: RunConfig, start: bool = False) -> None:
    """Points the clients of this process, and of those that it starts, at the Vertex AI that a configuration names.

    Args:
        config: Names it.
        start: Whether to start the local services if they are down.

    Raises:
        UsageError: They are down, or the environment names another Vertex AI than the configuration.
    """
    from pipeline import services

    if config.connection == "vertex":
        if os.environ.get(services.EMULATOR_VARIABLE):
            raise UsageError(
                f"`--connection vertex` asks for Google's Vertex AI, and {services.EMULATOR_VARIABLE} names another. "
                "Unset it, or use `--connection local`."
            )
        return
    running = services.ensure_running() if start else services.find_running()
    if running is None:
        raise UsageError("The local services are down. Run `python -m pipeline up`.")
    if start:
        services.create_bucket(running, config.project, config.staging_bucket)
    os.environ.update(services.environment(running))


@app.command()
def up() -> None:
    """Start the local services: Vertex AI's stand-in and Cloud Storage. They stay until `down`."""
    from pipeline import services

    running = services.ensure_running()
    print(f"Vertex AI is at {running.api_host}, Cloud Storage at {running.storage_host}, process {running.pid}.")
    print(f"State and logs are in {services.STATE_DIR}. `python -m pipeline down` ends them.")


@app.command()
def down() -> None:
    """Stop the local services. What they know stays, and is there again after `up`."""
    from pipeline import services

    if services.stop():
        print(f"The local services have ended. Their state is in {services.STATE_DIR}.")
    else:
        print("The local services are down already.")
