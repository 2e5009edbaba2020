"""Runs as Vertex AI knows them: read, listed and cancelled, Google's and the local ones by the same calls."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from components.vertex.connection import CALL_TIMEOUT_S, telling
from components.vertex.labels import MANAGED_BY
from pipeline.config import Connection
from pipeline.runs.record import RunRecord, read_job
from pipeline.vertex.clients import parent_of, pipeline_client
from trainer.errors import UsageError, nearest, quoted

_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/pipelineJobs/[^/]+")
STATES = ("queued", "pending", "running", "succeeded", "failed", "cancelling", "cancelled", "paused")

_PAGE = 50
_COMPARED = 1000
_NAMED = 6
_AT_ONCE = 8


class Runs:
    """The runs of a project and location.

    Args:
        config: Names them.
        retry: A google.api_core.retry.Retry, by which one run is asked for again and again. None asks once.
    """

    def __init__(self, config: Connection, retry: Any = None) -> None:
        self._client = pipeline_client(config)
        self._retry = telling(retry)
        self._parent = parent_of(config)

    def get(self, run_id: str) -> RunRecord:
        """One run as it is now.

        Args:
            run_id: Its id, or its resource name.

        Raises:
            google.api_core.exceptions.NotFound: There is none.
        """
        name = run_id if "/" in run_id else f"{self._parent}/pipelineJobs/{run_id}"
        return read_job(self._client.get_pipeline_job(name=name, retry=self._retry, timeout=CALL_TIMEOUT_S))

    def latest(self) -> RunRecord | None:
        """The newest run of this project's pipelines. None where there is none."""
        newest = next(self.list(limit=1), None)
        return None if newest is None else self.get(newest.name)

    def list(
        self,
        *,
        state: str = "",
        labels: Mapping[str, str] | None = None,
        everything: bool = False,
        limit: int | None = None,
    ) -> Iterator[RunRecord]:
        """Runs, the newest first; their tasks may be left out.

        Args:
            state: One of STATES; empty for all.
            labels: Labels that they carry.
            everything: Whether to list those of other pipelines too, which do not carry this project's label.
            limit: How many at most.
        """
        wanted = {**({} if everything else MANAGED_BY), **(labels or {})}
        conditions = [f'labels.{key}="{value}"' for key, value in wanted.items()]
        if state:
            conditions.append(f'state="PIPELINE_STATE_{state.upper()}"')
        request: dict[str, Any] = {
            "parent": self._parent,
            "filter": " AND ".join(conditions),
            "order_by": "create_time desc",
            "page_size": min(limit or _PAGE, _PAGE),
        }
        found = self._client.list_pipeline_jobs(request=request, retry=telling(None), timeout=CALL_TIMEOUT_S)
        return itertools.islice(map(read_job, found), limit)

    def list_whole(
        self,
        *,
        state: str = "",
        everything: bool = False,
        limit: int,
        is_wanted: Callable[[RunRecord], bool] = lambda _: True,
    ) -> Sequence[RunRecord]:
        """As `list`, with the runs' tasks; of those that are wanted as many as the limit says."""
        listed = self.list(state=state, everything=everything)
        found: list[RunRecord] = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            while len(found) < limit and (some := [*itertools.islice(listed, min(limit, _PAGE))]):
                found += filter(is_wanted, pool.map(self._whole, some))
        return found[:limit]

    def _whole(self, run: RunRecord) -> RunRecord:
        """A run of a list, with its tasks and all that it was given."""
        return run if run.tasks else self.get(run.name)

    def newest_with(self, output: str) -> RunRecord | None:
        """The newest run of this project's pipelines that has written an output of this name; None without one."""
        for run in self.list(limit=_COMPARED):
            whole = self._whole(run)
            if whole.outputs(output):
                return whole
        return None

    def find(self, run_id: str | None) -> RunRecord:
        """One run as it is now.

        Args:
            run_id: Its id, the end of it, or its name, where that is one run's alone. None finds the newest of this
                project's pipelines.

        Raises:
            UsageError: There is no such run, or there are several.
        """
        from google.api_core.exceptions import BadRequest, NotFound

        if run_id is None:
            newest = self.latest()
            if newest is None:
                raise UsageError("There are no runs yet. Start one with `python -m pipeline run`.")
            return newest
        try:
            if re.fullmatch(r"[^/]+", run_id) or _NAME.fullmatch(run_id):
                return self.get(run_id)
        except (BadRequest, NotFound):
            pass
        known = [*self.list(everything=True, limit=_COMPARED)]
        meant = [run.run_id for run in known if run_id and (run.run_id.endswith(run_id) or run.display_name == run_id)]
        if len(meant) == 1:
            return self.get(meant[0])
        if meant:
            raise UsageError(
                f"{quoted(run_id)} may be any of the runs {', '.join(meant[:_NAMED])}. Give more of the id."
            )
        hint = nearest(run_id, [run.run_id for run in known])
        raise UsageError(f"There is no run {quoted(run_id)}.{hint} `python -m pipeline runs` lists them.")

    def cancel(self, name: str) -> None:
        """Asks for a run to be cancelled; that is under way when this returns.

        Args:
            name: Its resource name.

        Raises:
            google.api_core.exceptions.BadRequest: It has ended.
        """
        self._client.cancel_pipeline_job(name=name, timeout=CALL_TIMEOUT_S)
