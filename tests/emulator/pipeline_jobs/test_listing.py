from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import ListPipelineJobsRequest, PipelineJob, PipelineState
from google.protobuf.field_mask_pb2 import FieldMask

from emulator.api.calls import Call
from emulator.api.clock import write_time
from emulator.api.errors import ApiError
from emulator.api.store import Store
from emulator.pipeline_jobs.listing import list_pipeline_jobs
from emulator.pipeline_jobs.records import create_records

PARENT = "projects/p/locations/l"
SCHEDULE = f"{PARENT}/schedules/7"
START = datetime(2026, 1, 1, tzinfo=UTC)
STATES = ("SUCCEEDED", "FAILED", "RUNNING", "PENDING")

List = Callable[..., list[str]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store(tmp_path_factory.mktemp("store") / "store.sqlite3")
    with opened.transaction() as tx:
        for number, state in enumerate(STATES):
            job = PipelineJob(
                name=f"{PARENT}/pipelineJobs/j{number}",
                display_name=f"Run {number}",
                pipeline_spec={"pipelineInfo": {"name": "even" if number % 2 == 0 else "odd"}, "root": {"dag": {}}},
                runtime_config={"gcs_output_directory": "gs://bucket"},
                state=getattr(PipelineState, f"PIPELINE_STATE_{state}"),
                create_time=START + timedelta(hours=number),
                update_time=START + timedelta(hours=10 - number),
                labels={"team": "a"} if number else {},
                template_uri="https://kfp.pkg.dev/p/r/v1" if number == 1 else "",
                schedule_name=SCHEDULE if number == 2 else "",
                service_account="a@b.c",
            )
            if state in {"SUCCEEDED", "FAILED"}:
                write_time(job, "end_time", START + timedelta(days=1, hours=number))
            create_records(tx, job)
    yield opened
    opened.close()


@pytest.fixture
def listed(store: Store) -> List:
    return lambda **request: [job.name.rpartition("/")[2] for job in jobs(store, **request)]


def jobs(store: Store, **request: Any) -> Any:
    with store.transaction() as tx:
        call: Any = Call(tx, ListPipelineJobsRequest(parent=PARENT, **request), None)  # type: ignore[arg-type]
        return list_pipeline_jobs(call).pipeline_jobs


def test_newest_come_first(listed: List) -> None:
    assert listed() == ["j3", "j2", "j1", "j0"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("pipeline_name=even", ["j2", "j0"]),
        ('pipelineName!="even"', ["j3", "j1"]),
        ('display_name="Run 1"', ["j1"]),
        ('display_name!="Run 1" AND display_name:"*1"', []),
        ('display_name:"Run*"', ["j3", "j2", "j1", "j0"]),
        ("state=PIPELINE_STATE_RUNNING OR state=PIPELINE_STATE_PENDING", ["j3", "j2"]),
        ('state!="PIPELINE_STATE_RUNNING"', ["j3", "j1", "j0"]),
        ('create_time>"2026-01-01T01:00:00Z" AND create_time<="2026-01-01T02:00:00+00:00"', ["j2"]),
        ('create_time="2026-01-01T03:00:00+02:00"', ["j1"]),
        ('create_time!="2026-01-01T01:00:00Z" AND create_time<"2026-01-01T02:00:00Z"', ["j0"]),
        ('update_time>="2026-01-01T09:00:00Z"', ["j1", "j0"]),
        ('end_time>="2026-01-02T00:00:00Z"', ["j1", "j0"]),
        ("labels.team=a AND NOT (state=PIPELINE_STATE_FAILED OR pipeline_name=even)", ["j3"]),
        ("NOT labels.team:*", ["j0"]),
        ("template_uri=https://kfp.pkg.dev/p/r/v1", ["j1"]),
        (f"schedule_name={SCHEDULE}", ["j2"]),
        ("pipeline_job_user_id=j3", ["j3"]),
    ],
)
def test_filters(listed: List, text: str, names: list[str]) -> None:
    assert listed(filter=text) == names


@pytest.mark.parametrize(
    "text", ["service_account=x", "create_time>yesterday", "state>1", "pipeline_name:x", "display_name", "AND"]
)
def test_refuses_a_filter_rather_than_list_everything(listed: List, text: str) -> None:
    with pytest.raises(ApiError, match="Field: filter"):
        listed(filter=text)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("create_time", ["j0", "j1", "j2", "j3"]),
        ("update_time desc", ["j0", "j1", "j2", "j3"]),
        # What has not ended comes first, in the order that it has otherwise.
        ("end_time, create_time", ["j2", "j3", "j0", "j1"]),
        ("endTime desc", ["j1", "j0", "j3", "j2"]),
    ],
)
def test_orders(listed: List, order: str, names: list[str]) -> None:
    assert listed(order_by=order) == names


def test_a_list_without_a_mask_tells_everything_but_the_tasks(store: Store) -> None:
    job = jobs(store, filter="pipeline_job_user_id=j0")[0]
    assert job.service_account
    assert "root" in job.pipeline_spec
    assert job.runtime_config.gcs_output_directory == "gs://bucket"


def test_a_mask_shows_no_more_than_it_names(store: Store) -> None:
    mask = FieldMask(paths=["name", "state", "pipeline_spec.pipeline_info", "end_time", "job_detail.pipeline_context"])
    job = jobs(store, filter="pipeline_job_user_id=j0", read_mask=mask)[0]
    shown = {field.name for field, _ in PipelineJob.pb(job).ListFields()}
    assert shown == {"name", "state", "pipeline_spec", "end_time"}
    assert dict(job.pipeline_spec) == {"pipelineInfo": {"name": "even"}}
    whole = jobs(store, read_mask=FieldMask(paths=["pipeline_spec", "runtime_config"]))[0]
    assert "root" in whole.pipeline_spec
    assert whole.runtime_config.gcs_output_directory == "gs://bucket"


@pytest.mark.parametrize("path", ["nothing", "state.x", "runtime_config.nothing"])
def test_refuses_a_mask_that_names_what_there_is_not(store: Store, path: str) -> None:
    with pytest.raises(ApiError, match="names a field that there is not"):
        jobs(store, read_mask=FieldMask(paths=[path]))


def test_pages_follow_each_other(store: Store) -> None:
    with store.transaction() as tx:
        request = ListPipelineJobsRequest(parent=PARENT, page_size=3)
        first = list_pipeline_jobs(Call(tx, request, None))  # type: ignore[arg-type]
        request.page_token = first.next_page_token
        second = list_pipeline_jobs(Call(tx, request, None))  # type: ignore[arg-type]
    assert [len(first.pipeline_jobs), len(second.pipeline_jobs)] == [3, 1]
    assert not second.next_page_token
