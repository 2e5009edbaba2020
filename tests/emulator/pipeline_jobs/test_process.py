from __future__ import annotations

from google.cloud.aiplatform_v1.types import PipelineJob

from emulator.pipeline_jobs.process import job_environment, root_uri


def test_a_run_has_the_addresses_of_this_emulator_and_no_proxy_between() -> None:
    base = {"STORAGE_EMULATOR_HOST": "http://127.0.0.1:1", "NO_PROXY": "intranet", "HTTPS_PROXY": "http://proxy"}
    assert job_environment(base) == {
        **base,
        "no_proxy": "intranet,127.0.0.1",
        "FSSPEC_GCS_TOKEN": "anon",
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
    }
    assert job_environment({})["no_proxy"] == "127.0.0.1"


def test_a_jobs_artifacts_lie_in_a_folder_of_its_own() -> None:
    job = PipelineJob(name="projects/p/locations/l/pipelineJobs/j")
    for directory in ("gs://bucket/root", "gs://bucket/root/"):
        job.runtime_config.gcs_output_directory = directory
        assert root_uri(job) == "gs://bucket/root/j"
