from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.cloud.aiplatform_v1.types import PipelineJob

from emulator.api.codec import parse_message
from emulator.pipeline_jobs.folders import JobFolders
from tests.emulator.job_requests import job, spec

NAME = "projects/p/locations/l/pipelineJobs/j"


@pytest.fixture
def folders(tmp_path: Path) -> JobFolders:
    return JobFolders(tmp_path)


@pytest.fixture
def asked() -> PipelineJob:
    body = job(spec(n={"parameterType": "NUMBER_INTEGER"}), n=3, share=0.5, items=[1, "a"])
    body["runtimeConfig"]["parameters"] = {"old": {"intValue": 7}}
    return parse_message(PipelineJob, {**body, "name": NAME})


def test_prepare_writes_what_the_runner_is_given(folders: JobFolders, asked: PipelineJob) -> None:
    folders.prepare(asked)
    request = folders.request(NAME)
    assert json.loads((request / "pipeline.json").read_text()) == spec(n={"parameterType": "NUMBER_INTEGER"})
    values = {"n": 3, "share": 0.5, "items": [1, "a"], "old": 7}
    assert json.loads((request / "parameters.json").read_text()) == values
    folders.forget_request(NAME)
    assert not request.exists()


def test_prepare_clears_what_an_earlier_job_of_the_name_has_left(folders: JobFolders, asked: PipelineJob) -> None:
    left = folders.run(NAME).path
    left.mkdir(parents=True)
    (left / "run.json").touch()
    folders.prepare(asked)
    assert [path.name for path in left.parent.iterdir()] == ["j.request"]


def test_put_aside_frees_the_names_at_once(folders: JobFolders) -> None:
    path = folders.run(NAME).path
    path.mkdir(parents=True)
    aside = folders.put_aside(NAME)
    assert not path.exists()
    assert len(aside) == 1
    assert folders.left_over([NAME]) == aside
    folders.remove(aside)
    assert folders.left_over([NAME]) == folders.put_aside(NAME) == []


def test_left_over_is_what_belongs_to_no_job(folders: JobFolders) -> None:
    for name in (NAME, f"{NAME}2"):
        folders.run(name).path.mkdir(parents=True)
    assert folders.left_over([NAME]) == [folders.run(f"{NAME}2").path]
    assert folders.left_over([]) == folders.left_over([f"{NAME}3"])
    folders.remove_all()
    assert folders.left_over([]) == []
