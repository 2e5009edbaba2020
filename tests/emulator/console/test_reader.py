from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse

from emulator.console.logs import read_log_end
from emulator.console.objects import split_uri
from emulator.console.reader import Reader, ReadError
from emulator.console.run_index import RunIndex
from tests.emulator.console.sample_jobs import NAME, job

Result = TypeVar("Result")
LOCATION = "projects/p/locations/us-central1"


class Api:
    """An API that remembers what it was asked, and answers what it was told to."""

    def __init__(self, *answers: Any) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self._answers = list(answers)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        path = scope["raw_path"].decode()
        self.asked.append((request.method, path, dict(request.query_params), await request.body()))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        await (answer if callable(answer) else JSONResponse(answer))(scope, receive, send)


def run(api: Api, step: Callable[[Reader], Awaitable[Result]]) -> Result:
    async def go() -> Result:
        reader = Reader(api)
        try:
            return await step(reader)
        finally:
            await reader.close()

    return asyncio.run(go())


def test_reader_calls_resources_by_their_names() -> None:
    api = Api({"name": "m"})
    assert run(api, lambda reader: reader.get(f"{LOCATION}/models/7@2")) == {"name": "m"}
    run(api, lambda reader: reader.post("projects/example.com:p/locations/l/endpoints/1:predict", {"instances": [1]}))
    assert api.asked[0][:2] == ("GET", f"/v1/{LOCATION}/models/7%402")
    assert api.asked[1][:2] == ("POST", "/v1/projects/example.com%3Ap/locations/l/endpoints/1:predict")
    assert api.asked[1][3] == b'{"instances":[1]}'


def test_reader_reads_lists_to_their_end() -> None:
    api = Api({"models": [1, 2], "nextPageToken": "t"}, {"models": [3]})
    found: list[object] = list(run(api, lambda reader: reader.list_all(LOCATION, "models", {"filter": "x"})))
    assert found == [1, 2, 3]
    assert [query for _, _, query, _ in api.asked] == [
        {"pageSize": "1000", "filter": "x"},
        {"pageSize": "1000", "filter": "x", "pageToken": "t"},
    ]
    api = Api({})
    assert run(api, lambda reader: reader.list_all(f"{LOCATION}/models/7", ":listVersions")) == []
    assert api.asked[0][1] == f"/v1/{LOCATION}/models/7:listVersions"


def test_reader_tells_refusals_in_the_apis_own_sentence() -> None:
    refusal = JSONResponse({"error": {"code": 404, "message": "There is none."}}, 404)
    with pytest.raises(ReadError, match="There is none") as caught:
        run(Api(refusal), lambda reader: reader.get("x"))
    assert caught.value.is_absence
    with pytest.raises(ReadError, match="HTTP status 502"):
        run(Api(PlainTextResponse("broken", 502)), lambda reader: reader.get("x"))


def test_read_log_end_asks_for_the_last_lines_and_turns_them_round() -> None:
    api = Api({"entries": [{"textPayload": "last"}, {"textPayload": "first"}], "nextPageToken": "t"})
    end = run(api, lambda reader: read_log_end(reader, LOCATION, "123"))
    assert (end.text, end.is_cut) == ("first\nlast", True)
    assert api.asked[0][1] == "/v2/entries:list"
    assert b'"orderBy":"timestamp desc"' in api.asked[0][3]


def test_run_index_reads_a_list_again_only_when_it_is_old() -> None:
    api = Api({"pipelineJobs": [job()]})

    async def look(reader: Reader) -> list[str]:
        index = RunIndex(reader)
        return [run.title for _ in range(3) for run in await index.runs(LOCATION)]

    assert run(api, look) == ["Flowers"] * 3
    assert len(api.asked) == 1
    assert "pipelineSpec.pipelineInfo" in api.asked[0][2]["readMask"]


def test_run_index_reads_accuracies_of_ended_runs_once() -> None:
    api = Api({"pipelineJobs": [job(), job(name=f"{NAME}-b", state="PIPELINE_STATE_RUNNING")]}, job())

    async def look(reader: Reader) -> tuple[int, int, dict[str, float | None]]:
        index = RunIndex(reader)
        runs = await index.runs(LOCATION)
        return await index.read_accuracies(runs, 9), await index.read_accuracies(runs, 9), dict(index.accuracies)

    assert run(api, look) == (1, 0, {NAME: 0.9667})


def test_run_index_forgets_the_accuracy_of_a_run_whose_name_another_one_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.console.run_index.FRESH_S", 0.0)
    monkeypatch.setattr("emulator.console.run_index.COST_FACTOR", 0.0)
    other = {"pipelineJobs": [job(endTime="2026-01-31T13:00:00Z")]}
    api = Api({"pipelineJobs": [job()]}, job(), {"pipelineJobs": [job()]}, other)

    async def look(reader: Reader) -> list[int]:
        index = RunIndex(reader)
        await index.read_accuracies(await index.runs(LOCATION), 9)
        return [len(index.accuracies) for _ in range(2) if await index.runs(LOCATION)]

    assert run(api, look) == [1, 0]


@pytest.mark.parametrize("uri", ["", "gs://", "/x", "http://b/x"])
def test_split_uri_refuses_what_is_no_object(uri: str) -> None:
    with pytest.raises(ReadError, match="An object is named gs://BUCKET/NAME"):
        split_uri(uri)


def test_starting_the_emulator_loads_no_nicegui() -> None:
    script = "import sys, emulator.console.loading; assert 'nicegui' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
