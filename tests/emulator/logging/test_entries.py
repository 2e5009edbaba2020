from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import PipelineJobDetail

from emulator.api.errors import ApiError
from emulator.api.store import Store
from emulator.logging.entries import LARGEST_ANSWER, MOST_BYTES_LOOKED_AT, MOST_LOOKED_AT, list_entries
from emulator.pipeline_jobs.folders import JobFolders
from emulator.pipeline_jobs.records import PIPELINE_DETAILS, TASK_LOGS, TaskLog

JOB = "projects/p/locations/l/pipelineJobs/j"
BEGUN = "2026-01-01T10:00:00.000000Z"
NUMBER = "1234567890123456789"
FILTER = f'resource.type="ml_job" AND resource.labels.job_id="{NUMBER}"'

Ask = Callable[..., dict[str, Any]]


def token_of(*place: int) -> str:
    return base64.urlsafe_b64encode(".".join(map(str, place)).encode()).decode()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store.sqlite3")
    with opened.transaction() as tx:
        tx.put(TASK_LOGS, f"projects/p/customJobs/{NUMBER}", TaskLog(JOB, "train", "train", BEGUN))
    yield opened
    opened.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = JobFolders(tmp_path).run(JOB).task_log("train")
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def ask(store: Store, tmp_path: Path) -> Ask:
    def asked(text: str = FILTER, **more: Any) -> dict[str, Any]:
        document = {"resourceNames": ["projects/p"], "filter": text, **more}
        return list_entries(store, tmp_path, document)

    return asked


def finish(store: Store) -> None:
    main_job = f"projects/p/locations/l/customJobs/{NUMBER}"
    container = {"container_detail": {"main_job": main_job}}
    task = {"executor_detail": container, "end_time": "2026-01-01T10:01:00Z"}
    with store.transaction() as tx:
        tx.put(PIPELINE_DETAILS, JOB, PipelineJobDetail(task_details=[task]))


def texts(answer: dict[str, Any]) -> list[str]:
    return [entry["textPayload"] for entry in answer.get("entries", ())]


def test_a_line_is_an_entry(ask: Ask, log: Path) -> None:
    log.write_text("first\n\nthird é\r\n", encoding="utf-8")
    answer = ask()
    assert texts(answer) == ["first", "", "third é"]
    assert answer["entries"][2] == {
        "insertId": f"{NUMBER}-2",
        "logName": "projects/p/logs/workerpool0-0",
        "timestamp": "2026-01-01T10:00:00.000002Z",
        "severity": "INFO",
        "textPayload": "third é",
        "resource": {"type": "ml_job", "labels": {"job_id": NUMBER, "task_name": "train"}},
    }
    assert "nextPageToken" not in answer


def test_a_line_that_is_being_written_comes_when_it_is_whole_or_the_task_has_ended(
    ask: Ask, log: Path, store: Store
) -> None:
    log.write_bytes(b"whole\nhal")
    assert texts(ask()) == ["whole"]
    finish(store)
    assert texts(ask()) == ["whole", "hal"]


def test_there_is_nothing_of_an_unknown_job_and_of_one_that_has_not_written(ask: Ask) -> None:
    assert ask() == {}
    assert ask(FILTER.replace(NUMBER, "1")) == {}
    assert ask(resourceNames=["projects/other"]) == {}


@pytest.mark.parametrize("order", ["timestamp asc", "timestamp desc"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 10, 1000])
def test_pages_put_together_are_the_log(ask: Ask, log: Path, order: str, size: int) -> None:
    lines = [f"line {number} {'ü' * number}" for number in range(10)]
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found: list[str] = []
    token: str | None = ""
    while token is not None:
        answer = ask(orderBy=order, pageSize=size, pageToken=token)
        assert len(texts(answer)) <= size
        found += texts(answer)
        token = answer.get("nextPageToken")
    assert found == (lines if order.endswith("asc") else lines[::-1])


def test_filters_narrow_down(ask: Ask, log: Path) -> None:
    log.write_text("".join(f"line {number}\n" for number in range(5)))
    assert texts(ask(f'{FILTER} AND timestamp>="2026-01-01T10:00:00.000003Z"')) == ["line 3", "line 4"]
    assert texts(ask(f'{FILTER} AND textPayload:"*2"')) == ["line 2"]
    assert len(texts(ask(f"{FILTER} AND severity=INFO AND resource.labels.task_name=train"))) == 5
    assert texts(ask(f'resource.labels.job_id="{NUMBER}" AND resource.type="k8s"')) == []
    token = ask(f'{FILTER} AND NOT textPayload="line 1"', pageSize=2)["nextPageToken"]
    assert texts(ask(f'{FILTER} AND NOT textPayload="line 1"', pageSize=2, pageToken=token)) == ["line 3", "line 4"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"filter": ""}, "must name jobs"),
        ({"filter": 'severity="INFO"'}, "must name jobs"),
        ({"filter": f'{FILTER} AND trace="x"'}, 'cannot name "trace"'),
        ({"filter": f"{FILTER} AND severity>=ERROR"}, "can compare severity only with =, !="),
        ({"resourceNames": []}, "must name projects"),
        ({"resourceNames": ["folders/1"]}, "must name projects"),
        ({"resourceNames": "projects/p"}, "must be of another type: list"),
        ({"orderBy": "severity"}, 'must be "timestamp asc" or "timestamp desc"'),
        ({"pageSize": -1}, "must lie between 1 and 1000"),
        ({"pageSize": 1001}, "must lie between 1 and 1000"),
        ({"pageSize": True}, "must be of another type: int"),
        ({"resourceNames": ["projects/p"] * 101}, "must name at most 100 projects. Received: 101."),
        ({"pageToken": token_of(0, 1 << 70, 0)}, "is not a token that this list gave"),
        ({"pageToken": token_of(0, 0, 1 << 70)}, "is not a token that this list gave"),
        ({"pageToken": "x"}, "is not a token that this list gave"),
        ({"pageTokens": "x"}, 'Unknown name "pageTokens"'),
    ],
)
def test_refuses_what_it_cannot_follow(ask: Ask, log: Path, more: dict[str, Any], sentence: str) -> None:
    log.write_text("x\n")
    text = more.pop("filter", FILTER)
    with pytest.raises(ApiError, match="List of found errors") as refused:
        ask(text, **more)
    assert sentence in refused.value.message


def test_refuses_a_body_that_is_no_object(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ApiError, match="Root element must be a message"):
        list_entries(store, tmp_path, [])


@pytest.mark.parametrize("order", ["timestamp asc", "timestamp desc"])
def test_a_page_of_long_lines_is_short_and_the_next_one_goes_on(ask: Ask, log: Path, order: str) -> None:
    log.write_text(f"{'x' * (LARGEST_ANSWER // 16)}\n" * 40)
    sizes: list[int] = []
    token = ""
    while not sizes or token:
        answer = ask(pageSize=1000, orderBy=order, pageToken=token)
        sizes.append(len(texts(answer)))
        token = answer.get("nextPageToken", "")
    assert sizes == [16, 16, 8]


def test_a_page_gives_up_where_nothing_fits_and_the_next_one_goes_on(ask: Ask, log: Path) -> None:
    log.write_text("no\n" * MOST_LOOKED_AT + "yes\n")
    text = f'{FILTER} AND textPayload="yes"'
    answer = ask(text)
    assert texts(answer) == []
    assert texts(ask(text, pageToken=answer["nextPageToken"])) == ["yes"]


def test_a_page_gives_up_after_many_bytes_too(ask: Ask, log: Path) -> None:
    long_line = "x" * (MOST_BYTES_LOOKED_AT // 32) + "\n"
    log.write_text(long_line * 40 + "yes\n")
    text = f'{FILTER} AND textPayload="yes"'
    answer = ask(text)
    assert texts(answer) == []
    assert texts(ask(text, pageToken=answer["nextPageToken"])) == ["yes"]


def test_a_project_that_is_named_twice_is_read_once(ask: Ask, log: Path) -> None:
    log.write_text("once\n")
    assert texts(ask(resourceNames=["projects/p", "projects/p"])) == ["once"]
