from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from pipeline.compilation import compile_pipeline
from pipeline.config import RunConfig
from pipeline.runs.submission import Draft, build_job, draft, draft_of_file
from tests.conftest import IrisFiles
from trainer.errors import DataError, UsageError


@pytest.fixture
def config(iris_files: IrisFiles) -> RunConfig:
    train_data, eval_data, schema = map(str, iris_files)
    return RunConfig(train_data=train_data, eval_data=eval_data, schema_file=schema, git_sha="abc")


def changed(config: RunConfig, **values: object) -> RunConfig:
    return config.model_copy(update=values)


def differing(one: Draft, other: Draft) -> set[str]:
    """The labels in which two drafts differ."""
    return {key for key in one.labels if one.labels[key] != other.labels[key]}


def test_draft_tells_what_would_be_sent_and_leaves_nothing(
    config: RunConfig, iris_files: IrisFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = draft(config)
    digest = hashlib.sha256(iris_files.train_data.read_bytes()).hexdigest()
    assert made.parameters["train_data"] == f"gs://local-bucket/data/{digest}/iris_training.csv"
    assert made.parameters["train_steps"] == 1000
    assert list(made.inputs) == ["train_data", "eval_data", "schema"]
    assert made.template == f"gs://local-bucket/pipelines/{hashlib.sha256(made.document).hexdigest()}/dnn-pipeline.yaml"
    assert made.document == compile_pipeline(config, tmp_path / "dnn-pipeline.yaml").read_bytes()
    (tmp_path / "dnn-pipeline.yaml").unlink()
    assert list(tmp_path.iterdir()) == []


def test_labels_differ_in_what_differs(config: RunConfig, iris_files: IrisFiles, tmp_path: Path) -> None:
    first = draft(config)
    assert differing(first, draft(config)) == set()
    assert differing(first, draft(changed(config, train_steps=5))) == {"config-sha"}
    assert differing(first, draft(changed(config, cpu_limit=2))) == {"config-sha"}
    assert differing(first, draft(changed(config, git_sha="def"))) == {"git-sha"}
    assert differing(first, draft(changed(config, image="r/trainer:2"))) == {"config-sha", "image-tag"}
    data = bytearray(iris_files.train_data.read_bytes())
    data[-2] ^= 1
    (tmp_path / "iris_training.csv").write_bytes(data)
    other = changed(config, train_data=str(tmp_path / "iris_training.csv"))
    assert differing(first, draft(other)) == {"data-sha"}


def test_same_data_has_the_same_label_in_another_bucket(config: RunConfig) -> None:
    assert "data-sha" not in differing(draft(config), draft(changed(config, staging_bucket="gs://other-bucket")))


def test_url_is_passed_on_and_tells_itself(config: RunConfig) -> None:
    first, second = (draft(changed(config, train_data=f"gs://b/{name}.csv")) for name in "ab")
    assert first.parameters["train_data"] == "gs://b/a.csv"
    assert differing(first, second) == {"data-sha"}


def test_input_that_is_not_there_is_refused(config: RunConfig) -> None:
    with pytest.raises(DataError, match=r"^absent\.csv matches no file"):
        draft(changed(config, train_data="absent.csv"))


def compiled(config: RunConfig, folder: Path) -> Path:
    return compile_pipeline(config, folder / "mine.yaml")


def of_file(file: Path, config: RunConfig, given: Mapping[str, object], **offered: object) -> Draft:
    return draft_of_file(file, config, given, offered)


def test_compiled_file_keeps_its_own_defaults_and_stages_its_own_files(config: RunConfig, tmp_path: Path) -> None:
    file = compiled(changed(config, train_steps=7), tmp_path)
    made = of_file(file, RunConfig(), {"seed": "3"}, project="my-project", not_in_it=1)
    assert made.document == file.read_bytes()
    assert made.parameters.keys() == {"train_data", "eval_data", "schema", "seed", "project"}
    assert made.parameters["train_data"] == draft(config).parameters["train_data"]
    assert (made.parameters["seed"], made.parameters["project"]) == (3, "my-project")
    assert made.labels["data-sha"] == draft(config).labels["data-sha"]


def test_second_document_of_a_compiled_file_is_left_out(config: RunConfig, tmp_path: Path) -> None:
    file = compiled(config, tmp_path)
    alone = yaml.safe_load(file.read_bytes())
    with file.open("a") as more:
        more.write("---\nplatforms:\n  kubernetes: {}\n")
    assert yaml.safe_load(of_file(file, config, {}).document) == alone


@pytest.mark.parametrize("text", ["", "a: [", "[]", "root: 3", "pipelineInfo: {name: x}", "\x00"])
def test_file_that_is_no_pipeline_is_refused(config: RunConfig, tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(UsageError, match=r"x\.yaml is no compiled pipeline\. `python compile\.py` writes one"):
        of_file(tmp_path / "x.yaml", config, {})


@pytest.mark.run
@pytest.mark.parametrize("enable_caching", [True, False])
def test_job_is_what_the_whole_sdk_would_send(config: RunConfig, tmp_path: Path, enable_caching: bool) -> None:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import aiplatform
    from google.cloud.aiplatform_v1.types import PipelineJob

    config = changed(config, staging_bucket=str(tmp_path), enable_caching=enable_caching, failure_policy="fast")
    made = draft(config)
    job = build_job(config, made)
    meant = aiplatform.PipelineJob(
        display_name="dnn-pipeline",
        template_path=made.template,
        pipeline_root=config.root,
        parameter_values=dict(made.parameters),
        enable_caching=None if enable_caching else False,
        labels=dict(made.labels),
        project=config.project,
        location=config.location,
        failure_policy="fast",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]  # google-auth leaves it without types
    )
    assert PipelineJob.to_dict(job) == PipelineJob.to_dict(meant._gca_resource)
