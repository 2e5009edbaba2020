"""Which Vertex AI a command speaks to: the local stand-in, started if need be, or Google's, if that can be reached."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from components.vertex.connection import EMULATOR_VARIABLE, STORAGE_VARIABLE
from components.vertex.messages import import_messages_alone
from pipeline.config import RunConfig
from pipeline.vertex.reachability import check_vertex
from trainer.errors import UsageError

# Variables that lead Google's clients to another place than Google's.
ELSEWHERE = (EMULATOR_VARIABLE, STORAGE_VARIABLE)

_PATIENCE_S = 3.0


def connect(
    config: RunConfig,
    start: bool = False,
    meanwhile: Callable[[], object] = lambda: None,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Points the clients of this process, and of those that it starts, at the Vertex AI that a configuration names.

    Args:
        config: Names it.
        start: Whether to start the local services if they are down, and to make the local buckets.
        meanwhile: What this process does while they start.
        check: Called again and again until it is done; what it raises ends the waiting.

    Raises:
        UsageError: They are down, or the environment names another Vertex AI than the configuration.
        ProjectError: Google's cannot be reached, or there are no credentials for it. The local services cannot go on.
    """
    import_messages_alone()
    if config.connection == "vertex":
        for name in ELSEWHERE:
            if os.environ.get(name):
                raise UsageError(
                    f"`connection` is vertex, which is Google's, and {name} names another. "
                    "Unset it, or use `--profile local`."
                )
        check_vertex(config.location)
        check()
        _lead_gcsfs_through_proxies()
        return
    from pipeline import services

    running = services.ensure_running(meanwhile=meanwhile, check=check) if start else services.find_running()
    if running is None:
        raise UsageError(services.why_none())
    if start:
        from pipeline.vertex.errors import in_sentences

        for bucket in dict.fromkeys([config.staging_bucket, bucket_of(config.root)]):
            with in_sentences(config):
                services.create_bucket(running, config.project, bucket)
            check()
    os.environ.update(services.environment(running))
    fsspec = sys.modules.get("fsspec")
    if fsspec is not None:  # it has read the environment when it was loaded
        fsspec.config.set_conf_env(fsspec.config.conf)


@contextmanager
def connected(
    config: RunConfig,
    start: bool = False,
    meanwhile: Callable[[], object] = lambda: None,
    check: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Connects, and tells in sentences what goes wrong with Vertex AI meanwhile.

    Args:
        config: Names it.
        start: As for `connect`.
        meanwhile: As for `connect`.
        check: As for `connect`.
    """
    connect(config, start, meanwhile, check)
    from pipeline.vertex.errors import in_sentences

    with in_sentences(config):
        yield


def require_buckets(config: RunConfig) -> None:
    """Refuses a submission to a bucket that is not there: nothing makes one, since its name would be taken on trust.

    Raises:
        UsageError: A bucket of the configuration does not exist.
    """
    from google.api_core.exceptions import Forbidden
    from google.cloud.storage import Client

    if config.connection == "local":
        return
    client = Client(project=config.project)
    for bucket in dict.fromkeys([config.staging_bucket, bucket_of(config.root)]):
        try:
            is_there = client.bucket(bucket.removeprefix("gs://")).exists(timeout=_PATIENCE_S, retry=None)
        except Forbidden:
            continue  # who may use a bucket need not be allowed to look at it
        if not is_there:
            raise UsageError(
                f"There is no bucket {bucket}. Make it with `gcloud storage buckets create {bucket} "
                f"--project {config.project} --location {config.location}`, or name another."
            )


def _lead_gcsfs_through_proxies() -> None:
    """Makes gcsfs, once it is loaded here or in a process that this one starts, go by HTTPS_PROXY as other clients do.

    It would also ask by gRPC what kind of bucket it has, which minds no proxy, and wait for minutes.
    """
    import fsspec.config

    os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    options = fsspec.config.conf.setdefault("gcs", {}).setdefault("session_kwargs", {"trust_env": True})
    os.environ.setdefault("FSSPEC_GCS", json.dumps({"session_kwargs": options}))


def bucket_of(uri: str) -> str:
    """`gs://BUCKET` of a URI in it."""
    return "gs://" + uri.removeprefix("gs://").partition("/")[0]
