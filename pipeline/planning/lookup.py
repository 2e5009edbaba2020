"""What Vertex AI knows that a plan depends on: earlier runs and the champion. Nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from components.vertex.connection import CALL_TIMEOUT_S
from components.vertex.registry import find_champion
from pipeline.config import Connection, RunConfig
from pipeline.vertex.clients import parent_of, pipeline_client, vertex_of
from pipeline.vertex.connection import connected

RUNS_READ = 20

_AT_ONCE = 8
_OBJECT_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Known:
    """What Vertex AI told.

    Attributes:
        jobs: The newest `RUNS_READ` runs of the pipeline with their tasks, the newest first, in JSON's terms.
        champion: The version that a new one has to beat; empty where there is none.
        is_there: Whether an object of a URL and a size lies in its bucket; None where that cannot be told.
    """

    jobs: Sequence[Mapping[str, Any]]
    champion: str
    is_there: Callable[[str, int], bool | None]


@contextmanager
def look(config: RunConfig, pipeline: str) -> Iterator[Known | None]:
    """What Vertex AI knows, and the way to its bucket meanwhile. None where that is local, and down.

    Args:
        config: Names it.
        pipeline: The pipeline's name.

    Raises:
        ProjectError: Google's cannot be asked.
    """
    from pipeline.services import find_running

    if config.connection == "local" and find_running() is None:
        yield None
        return
    with connected(config):
        yield Known(read_earlier_jobs(config, pipeline), read_champion(config), Objects(config).is_there)


class Objects:
    """The objects of buckets, looked at with few words: gcsfs would try for minutes where there is no way to them.

    Args:
        config: Names the project.
    """

    def __init__(self, config: Connection) -> None:
        from google.cloud.storage import Client

        self._client = Client(project=config.project)
        self._is_lost = False

    def is_there(self, url: str, size: int) -> bool | None:
        """Whether there is an object of that size; None where that cannot be told."""
        from google.api_core.exceptions import Forbidden, GoogleAPICallError
        from requests.exceptions import RequestException

        if self._is_lost:
            return None
        bucket, _, name = url.removeprefix("gs://").partition("/")
        try:
            found = self._client.bucket(bucket).get_blob(name, timeout=_OBJECT_TIMEOUT_S, retry=None)
        except Forbidden:  # who may submit need not be allowed to look
            return None
        except (GoogleAPICallError, RequestException):
            self._is_lost = True
            return None
        return found is not None and found.size == size


def read_earlier_jobs(config: Connection, pipeline: str) -> Sequence[Mapping[str, Any]]:
    """The newest runs of a pipeline, as `Known` has them."""
    from google.protobuf.json_format import MessageToDict

    client = pipeline_client(config)
    request: dict[str, Any] = {
        "parent": parent_of(config),
        "filter": f'pipeline_name="{pipeline}"',
        "order_by": "create_time desc",
        "page_size": RUNS_READ,
        "read_mask": {"paths": ["name"]},
    }
    found = client.list_pipeline_jobs(request=request, timeout=CALL_TIMEOUT_S)
    names = [job.name for job, _ in zip(found, range(RUNS_READ), strict=False)]

    def read(name: str) -> Mapping[str, Any]:
        job = client.get_pipeline_job(name=name, timeout=CALL_TIMEOUT_S)
        document: Mapping[str, Any] = MessageToDict(type(job).pb(job))
        return document

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [*pool.map(read, names)]


def read_champion(config: Connection) -> str:
    """The number of the version that a new one would have to beat; empty where there is none.

    Raises:
        RegistryError: There are several models of that name.
    """
    champion = find_champion(vertex_of(config), config.model_name)
    return "" if champion is None else champion.version_id
