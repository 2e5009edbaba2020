from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.config import RunConfig, Value
from pipeline.config_layers import load_config
from pipeline.planning.plan import make_plan
from pipeline.planning.view import plan_text
from pipeline.runs.submission import draft
from tests.conftest import IrisFiles
from tests.pipeline.cached_pipeline import compile_cached
from tests.pipeline.workplaces import PARENT, Workplace

IMAGE = "europe-west4-docker.pkg.dev/my-project/pipelines/dnn-trainer:0.1.0"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """A workplace with a compiled pipeline of another kind."""
    place = Workplace(tmp_path_factory.mktemp("place"))
    compile_cached(place.folder)
    yield place
    place.emulator.close()


def planned(iris_files: IrisFiles, **values: Value) -> tuple[str, RunConfig]:
    """The plan of this project's pipeline where Vertex AI cannot be asked."""
    data: dict[str, Value] = {name: str(path) for name, path in iris_files._asdict().items()}
    config, sources = load_config(None, {**data, **values})
    return plan_text(make_plan(config, sources, draft(config), None), config).plain, config


def test_plan_tells_each_task_its_machine_and_uris(iris_files: IrisFiles) -> None:
    text, config = planned(
        iris_files, accelerator_type="NVIDIA_L4", accelerator_count=2, gpu_image=IMAGE, train_steps=50
    )
    assert text.startswith("A run of dnn-pipeline on this machine. This is a plan: nothing is done.\n\nFiles\n")
    digest = "c4c7652b14da06ba63b37f9f47d2e9aa4edced85701c9f8fce37501a1ca792e4"
    assert (
        f"  train_data: {iris_files.train_data}\n"
        f"      gs://local-bucket/data/{digest}/iris_training.csv  (would be copied unless it is there)\n"
    ) in text
    assert (
        "  2. Train the DNN: runs unless it is cached\n"
        f"      on     4 CPUs, 8 GiB, 2 NVIDIA_L4, in {IMAGE}\n"
        "      reads  gs://local-bucket/pipeline-root/RUN/upload-data/contract\n"
        "      reads  gs://local-bucket/pipeline-root/RUN/upload-data/eval_dataset\n"
        "      reads  gs://local-bucket/pipeline-root/RUN/upload-data/train_dataset\n"
        "      writes gs://local-bucket/pipeline-root/RUN/train-model/model\n"
        "      writes gs://local-bucket/pipeline-root/RUN/train-model/training_log\n"
        "  3. Evaluate and decide: runs (never cached)\n"
        f"      on     the default machine, in {config.image}\n"
    ) in text
    assert "  5. Deploy and move the traffic, if the gate is open: runs (never cached)\n" in text
    where = Path.cwd() / ".local/vertex"
    told = f"cannot tell: the local services are down, none work in {where}; `python -m pipeline up` starts them"
    assert f"  champion    {told}\n" in text
    assert "  parameters  train_steps=50\n" in text
    assert "  labels      managed-by=dnn-pipeline, " in text


def test_plan_tells_machines_and_time_of_a_custom_job(iris_files: IrisFiles) -> None:
    text, config = planned(iris_files, scale_tier="standard", spot=True, training_timeout_s=5400)
    assert (
        "  2. Train the DNN: runs unless it is cached\n"
        "      on     a custom job of 5 x n1-standard-8, spot, for 1 h 30 min at most\n"
    ) in text
    assert f"  image       {config.image}\n" in text
    assert '  scale tier  standard: training_machine_type="n1-standard-8", training_replicas=5\n' in text


def test_plan_of_a_run_on_vertex_tells_as_whom_and_where(iris_files: IrisFiles) -> None:
    text, _ = planned(
        iris_files,
        connection="vertex",
        project="my-project",
        location="europe-west4",
        staging_bucket="gs://my-bucket",
        image=IMAGE,
        service_account="pipeline@my-project.iam.gserviceaccount.com",
        experiment="trials",
        failure_policy="fast",
        enable_caching=False,
    )
    assert text.startswith("A run of dnn-pipeline on Vertex AI, project my-project, europe-west4. This is a plan: ")
    assert "  1. Check and upload data: runs (caching is off)\n" in text
    assert "writes gs://my-bucket/pipeline-root/PROJECT_NUMBER/RUN/train-model_TASK/model\n" in text
    assert (
        f"  image       {IMAGE}\n"
        "  results     gs://my-bucket/pipeline-root, RUN being the run's id\n"
        "  runs as     pipeline@my-project.iam.gserviceaccount.com\n"
        "  experiment  trials\n"
        "  on failure  begins nothing more\n"
        "  cache       off\n"
    ) in text


@pytest.mark.run
def test_plan_tells_what_the_cache_knows_and_changes_nothing(
    place: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    place.captured_by(capsys)
    arguments = ["--file", "cached.yaml", "--param", "text=abc"]
    assert ". write: runs (no earlier run is known to have done it)\n" in place.command("plan", *arguments).out
    assert "gs://local-bucket/pipelines/" in place.command("plan", *arguments).out
    assert place.emulator.get(f"{PARENT}/pipelineJobs") == {}
    submitted = place.command("submit", *arguments)
    assert submitted.code == 0, submitted.err
    (job,) = place.emulator.get(f"{PARENT}/pipelineJobs")["pipelineJobs"]
    run_id = job["name"].rpartition("/")[2]
    place.wait_for(run_id)
    before = sorted(place.folder.rglob("*"))
    told = place.command("plan", *arguments)
    assert (told.code, told.err) == (0, "")
    root = "gs://local-bucket/pipeline-root"
    assert f". write: cached, from run {run_id}\n      takes  {root}/{run_id}/write/data\n" in told.out
    assert f". count: cached, from run {run_id}\n" in told.out
    assert ". tell: runs (text tells of the run itself)\n" in told.out
    assert ". tell-3, if the long enough: cached, " in told.out
    assert "(there already)" in told.out
    assert '  parameters  text="abc"\n' in told.out
    assert ". double: runs (factor is 3 and was 2 " in place.command("plan", *arguments, "--param", "factor=3").out
    assert sorted(place.folder.rglob("*")) == before
    assert len(place.emulator.get(f"{PARENT}/pipelineJobs")["pipelineJobs"]) == 1


@pytest.mark.run
def test_plan_does_not_start_the_services(
    tmp_path: Path, iris_files: IrisFiles, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipeline.cli import main

    monkeypatch.chdir(tmp_path)
    data = [f"--param={name}={path}" for name, path in iris_files._asdict().items()]
    with pytest.raises(SystemExit) as ended:
        main(["plan", *data])
    assert ended.value.code == 0
    assert "cannot tell: the local services are down" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
