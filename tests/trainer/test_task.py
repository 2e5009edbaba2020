from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.errors import UsageError
from trainer.task import build_parser, config_from, main, run, spelled

ROOT = Path(__file__).resolve().parents[2]
IRIS = ["--train-files", "data/iris_training.csv", "--eval-files", "data/iris_test.csv"]


def test_flags_are_the_tutorials_and_their_defaults() -> None:
    config = config_from(build_parser({}).parse_args([*IRIS, "--job-dir", "jobs/x"]))
    told = config.model_dump()
    assert {
        "train_steps": 100,
        "num_epochs": 0,
        "train_batch_size": 40,
        "eval_batch_size": 40,
        "first_layer_size": 100,
        "num_layers": 4,
        "scale_factor": 0.7,
        "eval_steps": 100,
        "export_format": "JSON",
        "schema_file": "data/schema.toml",
        "num_parallel_calls": None,
        "prefetch_buffer_size": None,
    }.items() <= told.items()


def test_contract_says_how_to_train_where_the_flags_do_not(tmp_path: Path) -> None:
    columns = '[[columns]]\nname = "x"\nkind = "numeric"\n[[columns]]\nname = "y"\nkind = "label"\nclasses = ["a", "b"]'
    (tmp_path / "s.toml").write_text(f'name = "mine"\n[training]\npatience = 7\ntrain_steps = 50\n{columns}\n')
    told = [*IRIS, "--job-dir", "j", "--schema", str(tmp_path / "s.toml"), "--train-steps", "9"]
    config = config_from(build_parser({}).parse_args(told))
    assert (config.patience, config.train_steps, config.holdout) == (7, 9, 0.0)


def test_flags_take_several_files() -> None:
    arguments = ["--train-files", "a.csv", "b-*.csv", "--eval-files", "c.csv", "--job-dir", "j"]
    assert config_from(build_parser({}).parse_args(arguments)).train_files == ("a.csv", "b-*.csv")


def test_switch_is_a_flag_of_its_own() -> None:
    told = [*IRIS, "--job-dir", "j"]
    assert not config_from(build_parser({}).parse_args(told)).temperature_scaling
    assert config_from(build_parser({}).parse_args([*told, "--temperature-scaling"])).temperature_scaling


def test_flags_are_taken_as_the_tutorials_trainer_spells_them() -> None:
    flags = ["--prefetch_buffer_size=4", "--embedding_size", "8"]
    config = config_from(build_parser({}).parse_args(spelled([*IRIS, "--job-dir", "j", *flags])))
    assert (config.prefetch_buffer_size, config.embedding_size) == (4, 8)


def test_vertex_variables_are_the_defaults_of_the_folders() -> None:
    environment = {
        "AIP_MODEL_DIR": "gs://b/model/",
        "AIP_CHECKPOINT_DIR": "gs://b/checkpoints/",
        "AIP_TENSORBOARD_LOG_DIR": "gs://b/logs/",
    }
    config = config_from(build_parser(environment).parse_args(IRIS))
    assert (config.model_dir, config.checkpoints, config.logs) == tuple(environment.values())
    told = config_from(build_parser(environment).parse_args([*IRIS, "--model-dir", "here"]))
    assert told.model_dir == "here"


def test_each_trial_has_folders_of_its_own() -> None:
    trial = {"CLOUD_ML_TRIAL_ID": "7"}
    told = config_from(build_parser(trial).parse_args([*IRIS, "--job-dir", "jobs/x/", "--model-dir", "m"]), trial)
    assert (told.job_dir, told.checkpoints, told.model_dir) == ("jobs/x/7", "jobs/x/7/checkpoints", "m/7")
    # Vertex AI has put the trial into its own already.
    environment = {**trial, "AIP_MODEL_DIR": "gs://b/7/model/", "AIP_TENSORBOARD_LOG_DIR": "gs://b/7/logs/"}
    arguments = build_parser(environment).parse_args([*IRIS, "--job-dir", "jobs/x"])
    told = config_from(arguments, environment)
    assert (told.model_dir, told.logs, told.checkpoints) == (
        "gs://b/7/model/",
        "gs://b/7/logs/",
        "jobs/x/7/checkpoints",
    )


def test_numbers_are_taken_as_a_tuning_job_writes_them(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--num_layers=3.0", "--train-batch-size=32.0", "--train_steps", "1e3", "--learning_rate=1"]
    config = config_from(build_parser({}).parse_args(spelled([*IRIS, "--job-dir", "my_jobs", *words])))
    assert (config.num_layers, config.train_batch_size, config.train_steps) == (3, 32, 1000)
    assert (config.learning_rate, config.job_dir) == (1.0, "my_jobs")
    for flag, fault in [("--num-layers", "a whole number, such as 32"), ("--dropout", "a number, such as 0.5")]:
        with pytest.raises(SystemExit, match="2"):
            main([*IRIS, "--job-dir", "j", f"{flag}=3,5"])
        assert f'argument {flag}: must be {fault}. Received: "3,5".' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "fault"), [([], "are both missing"), ([*IRIS[2:], "--validation-fraction=0.2"], "exclude each other")]
)
def test_evaluation_files_or_a_share_of_the_training_rows_are_given(words: list[str], fault: str) -> None:
    with pytest.raises(UsageError, match=rf"`--eval-files` and `--validation-fraction` {fault}: give files"):
        config_from(build_parser({}).parse_args([*IRIS[:2], "--job-dir", "j", *words]))


def test_a_folder_is_asked_for() -> None:
    with pytest.raises(UsageError, match=r"`--job-dir` is missing, and not all of AIP_MODEL_DIR"):
        config_from(build_parser({"AIP_MODEL_DIR": "x"}).parse_args(IRIS))


def test_main_answers_wrong_usage_with_2_before_tensorflow_is_loaded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*IRIS, "--job-dir", "j", "--train-steps", "0"]) == 2
    assert capsys.readouterr().err.startswith("Error: `--train-steps` must be greater than or equal to 1.")
    with pytest.raises(SystemExit, match="2"):
        main([*IRIS, "--train-steps", "many"])


@pytest.mark.tensorflow
def test_main_trains_exports_and_prints_the_place(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trainer.task", *IRIS, "--job-dir", str(tmp_path / "job dir")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    place = Path(done.stdout.strip())
    assert place.parent == tmp_path / "job dir" / "export" / "iris"
    assert (place / "saved_model.pb").is_file()
    assert "step 100 of 100: training loss" in done.stderr
    assert re.search(r"INFO accuracy 0\.\d{4}, loss \d\.\d{4} after 100 steps\n$", done.stderr)
    assert "cuda" not in done.stderr.lower()


@pytest.mark.tensorflow
def test_trial_tells_its_metrics_on_the_rows_that_validate_and_leaves_curves_alone(tmp_path: Path) -> None:
    words = ["--job-dir", str(tmp_path / "job"), "--validation-fraction=0.2", "--metrics-only", "--train_steps=150.0"]
    command = [sys.executable, "-m", "trainer.task", *IRIS[:2], *words]
    told = {"CLOUD_ML_HP_METRIC_FILE": str(tmp_path / "trial" / "metrics"), "CLOUD_ML_TRIAL_ID": "2"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ, **told})
    assert done.stdout == ""
    assert [path.name for path in (tmp_path / "job" / "2").iterdir()] == ["logs"]
    counts = re.search(r"(\d+) of the training rows validate, (\d+) are left to train", done.stderr)
    assert counts
    validating, left = map(int, counts.groups())
    assert (validating + left, 10 < validating < 40) == (120, True)
    lines = [json.loads(line) for line in (tmp_path / "trial" / "metrics").read_text().splitlines()]
    assert [(line["trial"], line["global_step"]) for line in lines] == [("2", "100")] * 2 + [("2", "150")] * 2
    accuracy = float(lines[-1]["accuracy"])
    assert accuracy * validating == pytest.approx(round(accuracy * validating), abs=1e-3)


@pytest.mark.tensorflow
def test_main_answers_a_folder_that_cannot_be_made_with_2(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    command = [sys.executable, "-m", "trainer.task", *IRIS, "--job-dir", str(tmp_path / "file")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be made" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.tensorflow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_main_answers_a_signal_with_130(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "trainer.task", *IRIS, "--job-dir", str(tmp_path), "--train-steps", "1000000"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert any("step 10000 of" in line for line in running.stderr)
        running.send_signal(number)
        said = running.stderr.read()
        assert running.stdout.read() == ""
    assert running.returncode == 130
    assert "Traceback" not in said
    assert "Stopped. The same command goes on from the last checkpoint." in said


def test_a_batch_that_replicas_cannot_share_is_refused_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"chief": ["a:1"], "worker": ["b:1"]}, "task": {"type": "chief"}}')
    told = [*IRIS, "--job-dir", str(tmp_path / "job"), "--train-batch-size", "41"]
    config = config_from(build_parser({}).parse_args(told))
    with pytest.raises(UsageError, match=r"`--train-batch-size` must be divisible by the number of replicas, 2"):
        run(config)
    assert not (tmp_path / "job").exists()


@pytest.mark.tensorflow
def test_main_answers_bad_data_with_1_and_leaves_nothing(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text((ROOT / "data/iris_training.csv").read_text().replace("6.4", "", 1))
    command = [
        sys.executable,
        "-m",
        "trainer.task",
        "--train-files",
        str(bad),
        "--eval-files",
        "data/iris_test.csv",
    ]
    command += ["--job-dir", str(tmp_path / "job")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "bad.csv, line 2, column" in done.stderr
    assert "Traceback" not in done.stderr
    assert not os.path.exists(tmp_path / "job")
