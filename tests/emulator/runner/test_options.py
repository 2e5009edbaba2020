from __future__ import annotations

from pathlib import Path

import pytest

from emulator.runner.errors import UsageError
from emulator.runner.options import FailurePolicy, parse_options

NEEDED = ["--spec", "pipeline.yaml", "--run-dir", "/runs/run-1"]
NAME = "projects/p/locations/europe-west4/pipelineJobs/run-1"


def test_options_run_a_pipeline_alone_by_default() -> None:
    options = parse_options(NEEDED)
    assert options.job_name == "projects/local/locations/local/pipelineJobs/run-1"
    assert (options.parameters, options.root_uri, options.cache_dir) == (None, "", None)
    assert options.failure_policy is FailurePolicy.SLOW
    assert not options.stop_with_stdin


def test_options_take_a_job_of_vertex() -> None:
    flags = ["--job-name", NAME, "--root-uri", "gs://bucket/root/run-1/", "--failure-policy", "fast"]
    options = parse_options([*NEEDED, *flags, "--cache-dir", "cache", "--stop-with-stdin"])
    assert (options.job_name, options.root_uri) == (NAME, "gs://bucket/root/run-1")
    assert options.cache_dir == Path("cache").absolute()
    assert options.failure_policy is FailurePolicy.FAST
    assert options.stop_with_stdin


def test_options_forget_the_cache_when_told() -> None:
    assert parse_options([*NEEDED, "--cache-dir", "cache", "--no-cache"]).cache_dir is None


@pytest.mark.parametrize("name", ["run-1", "projects/p/locations/l/pipelineJobs/run-2"])
def test_options_refuse_a_job_that_is_not_the_folders(name: str) -> None:
    sentence = (
        rf"^--job-name must be projects/.*/pipelineJobs/run-1, after the run folder /runs/run-1\. Received: {name}\.$"
    )
    with pytest.raises(UsageError, match=sentence):
        parse_options([*NEEDED, "--job-name", name])
