"""Experiments, which the whole of Google's SDK knows to make. It takes seconds to load, and does nothing else here."""

from __future__ import annotations

import logging
import time

from components.vertex.connection import CALL_TIMEOUT_S, CHANGE_TIMEOUT_S, PATIENCE_S
from pipeline.config import Connection, RunConfig
from pipeline.vertex.clients import client_options, pipeline_client, vertex_of
from trainer.errors import ProjectError

_POLL_S = 1.0


def experiment_of(config: RunConfig) -> str:
    """The resource name of the experiment that a configuration names, which is made unless it is there."""
    from google.cloud import aiplatform

    # What the SDK tells of itself is not told.
    logging.getLogger("google.cloud.aiplatform").setLevel(logging.WARNING)
    vertex = vertex_of(config)
    where = {"project": vertex.project, "location": vertex.location, "api_transport": "rest"}
    if vertex.stand_in:
        where |= {"api_endpoint": vertex.stand_in, "credentials": vertex.client_options["credentials"]}
    aiplatform.init(**where)
    return str(aiplatform.Experiment.get_or_create(config.experiment).resource_name)


def add_run(config: Connection, experiment: str, run: str) -> None:
    """Makes a run that was just submitted part of an experiment.

    Args:
        config: Says where they are.
        experiment: The resource name of the experiment.
        run: That of the run.
    """
    from google.cloud.aiplatform_v1.services.metadata_service import MetadataServiceClient

    metadata = MetadataServiceClient(**client_options(config))
    context = _context_of(config, run)
    metadata.add_context_children(context=experiment, child_contexts=[context], timeout=CHANGE_TIMEOUT_S)


def _context_of(config: Connection, run: str) -> str:
    """What stands for a run in an experiment. Vertex AI makes it a moment later than the run."""
    client = pipeline_client(config)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        job = client.get_pipeline_job(name=run, timeout=CALL_TIMEOUT_S)
        if name := job.job_detail.pipeline_run_context.name:
            return str(name)
        time.sleep(_POLL_S)
    raise ProjectError(
        f"Run {run.rpartition('/')[2]} is submitted, but is not in the experiment: Vertex AI tells of no context of it."
    )
