from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from pipeline.config import RunConfig
from pipeline.inspection.logs import Follower, Logs, find_tasks, why_no_log
from tests.pipeline.run_records import ROOT, artifact, run, task
from trainer.errors import ProjectError, UsageError


class CloudLogging:
    """A server that answers entries.list with what it is told to."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, Any]]] = []
        self.requests: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/v2/entries:list"
                outer.requests.append(json.loads(body))
                status, document = outer.answers.pop(0)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudLogging]:
    cloud = CloudLogging()
    monkeypatch.setenv("VERTEX_EMULATOR_HOST", f"http://127.0.0.1:{cloud.server.server_port}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield cloud
    cloud.close()


def entry(key: str, second: int, text: str) -> dict[str, Any]:
    return {"insertId": key, "timestamp": f"2026-11-25T12:00:{second:02d}.123456789Z", "textPayload": text}


def test_entries_are_asked_for_by_the_jobs_id_page_after_page(cloud: CloudLogging) -> None:
    structured = {"insertId": "b", "timestamp": "2026-11-25T12:00:01Z", "jsonPayload": {"message": "two\n"}}
    cloud.answers = [
        (200, {"entries": [entry("a", 0, "one")], "nextPageToken": "more"}),
        (200, {"nextPageToken": "still more"}),
        (200, {"entries": [structured, {"insertId": "c", "timestamp": "2026-11-25T12:00:02Z"}]}),
    ]
    assert [one.text for one in Logs(RunConfig()).entries("123")] == ["one", "two", ""]
    assert cloud.requests[0] == {
        "resourceNames": ["projects/local-project"],
        "filter": 'resource.type="ml_job" AND resource.labels.job_id="123"',
        "orderBy": "timestamp asc",
        "pageSize": 1000,
    }
    assert [request.get("pageToken") for request in cloud.requests] == [None, "more", "still more"]


def test_entries_of_one_replica_are_asked_for_by_its_name(cloud: CloudLogging) -> None:
    told = entry("a", 0, "one") | {"resource": {"labels": {"task_name": "workerpool1-0"}}}
    cloud.answers = [(200, {"entries": [told]})]
    (found,) = Logs(RunConfig()).entries("123", replica="workerpool1-0")
    assert found.replica == "workerpool1-0"
    assert cloud.requests[0]["filter"].endswith(' AND resource.labels.task_name="workerpool1-0"')


def test_follower_tells_each_entry_once_also_one_that_comes_late(cloud: CloudLogging) -> None:
    one, two, late = entry("a", 1, "one"), entry("b", 59, "two"), entry("c", 30, "late")
    cloud.answers = [(200, {}), (200, {"entries": [one, two]}), (200, {"entries": [late, two]}), (200, {})]
    logs = Logs(RunConfig())
    logs.disorder = timedelta(seconds=60)
    follower = Follower(logs, "123")
    assert [[entry.text for entry in follower.news()] for _ in range(4)] == [[], ["one", "two"], ["late"], []]
    assert "timestamp" not in cloud.requests[1]["filter"]
    assert cloud.requests[2]["filter"].endswith(' AND timestamp>="2026-11-25T11:59:59.123456+00:00"')


def test_missing_right_names_the_role(cloud: CloudLogging) -> None:
    cloud.answers = [(403, {"error": {"code": 403, "message": "Permission denied for all log views"}})]
    with pytest.raises(
        ProjectError, match=r"the logs of local-project: Permission denied for all log views\. You need"
    ):
        Logs(RunConfig()).text("123")


@pytest.mark.parametrize("name", ["train-model", "train_model", "Train model", "TRAIN MODEL", "group.train-model"])
def test_task_is_found_by_any_of_its_names(name: str) -> None:
    wanted = task("train-model", "succeeded", unique_name="group.train-model")
    record = run("run-1", "succeeded", task("upload-data", "succeeded"), wanted)
    assert find_tasks(record, name) == [wanted]


def test_task_of_a_loop_is_found_as_often_as_it_ran() -> None:
    tasks = [task("a", "succeeded", unique_name=f"loop-{place}.a") for place in range(3)]
    record = run("run-1", "succeeded", *tasks)
    assert find_tasks(record, "a") == tasks
    assert find_tasks(record, "loop-1.a") == [tasks[1]]


def test_unknown_task_is_refused_with_the_nearest() -> None:
    record = run("run-1", "succeeded", task("upload-data", "succeeded"), task("train-model", "succeeded"))
    with pytest.raises(
        UsageError, match=r'no task "train-modal"\. Did you mean "train-model"\? Its tasks are upload-d'
    ):
        find_tasks(record, "train-modal")
    with pytest.raises(UsageError, match=r'Run run-1 has no task "a"\. It has no tasks yet\.'):
        find_tasks(run("run-1", "pending"), "a")


def test_cached_task_tells_whose_results_it_took() -> None:
    outputs = {"model": artifact(f"{ROOT}/run-0/train-model/model")}
    taken = task("train-model", "skipped", outputs=outputs)
    assert why_no_log(taken, run("run-1", "succeeded", taken), is_local=True) == (
        "It was taken from the cache, so it has no log of its own. Run run-0 made it: "
        "`python -m pipeline logs run-0 train-model`."
    )
    untold = task("train-model", "skipped")
    assert why_no_log(untold, run("run-1", "succeeded", untold), is_local=True) == (
        "It was taken from the cache, so it has no log of its own."
    )


def test_origin_is_told_below_the_projects_number_too() -> None:
    taken = task("a", "skipped", outputs={"model": artifact(f"{ROOT}/1234567/run-0/a_5/model")})
    assert "Run run-0 made it" in why_no_log(taken, run("run-1", "succeeded", taken), is_local=False)


@pytest.mark.parametrize(
    ("state", "given", "is_local", "expected"),
    [
        ("pending", {}, True, "It has not begun."),
        ("not_triggered", {}, True, "It was not run, so it has no log."),
        ("cancelled", {}, True, "It was stopped before it began, so it has no log."),
        ("failed", {"error": "No quota."}, False, "It failed before it began: No quota."),
        ("running", {}, False, "Its log cannot be told yet."),
        ("running", {"job": "7"}, True, "It has written nothing yet."),
        ("succeeded", {"job": "7", "seconds": 1.0}, True, "It has written nothing."),
        (
            "succeeded",
            {"job": "7", "seconds": 1.0},
            False,
            "There is no line of it yet: Cloud Logging shows them up to some minutes late. Run again.",
        ),
    ],
)
def test_task_without_a_line_says_why(state: str, given: dict[str, Any], is_local: bool, expected: str) -> None:
    one = task("a", state, **given)
    assert why_no_log(one, run("run-1", "running", one), is_local) == expected


@pytest.mark.parametrize("name", ["trainmodel", "Train_Model", "train the dnn", "TrainTheDNN"])
def test_task_is_found_by_its_letters(name: str) -> None:
    made = run(
        "run-1", "succeeded", task("train-model", "succeeded", display_name="Train the DNN"), task("a", "failed")
    )
    assert [one.name for one in find_tasks(made, name)] == ["train-model"]
