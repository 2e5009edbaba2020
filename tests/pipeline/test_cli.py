from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import typer

import trainer
from pipeline.cli import app, compile_command, main
from pipeline.config import RunConfig, Tuning, key
from tests.conftest import IrisFiles
from trainer.config import flag
from trainer.contract import parse_contract
from trainer.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]


# What a command must be given, where that is more than a word for each of its arguments.
TOLD = {
    "undeploy": ["--all", "--yes"],
    "schedule": ["--cron", "0 3 * * *"],
    "predict": [str(ROOT / "data" / "test.json")],
}
# They tell of each fault by itself.
TELLING = {"config", "doctor"}
# They start the local services, or do without.
AT_EASE = {"plan", "run", "schedule", "submit"}


def connecting_commands() -> dict[str, list[str]]:
    """The commands that speak to Vertex AI, with arguments."""
    found = {}
    for name, command in vars(typer.main.get_command(app))["commands"].items():
        kinds = [parameter.param_type_name for parameter in command.params if parameter.required]
        if name not in TELLING and any(parameter.name == "connection" for parameter in command.params):
            found[name] = TOLD.get(name, ["1"] * kinds.count("argument"))
    return found


CONNECTING = connecting_commands()


class Outcome(NamedTuple):
    code: int | str | None
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "250")

    def run(*arguments: str) -> Outcome:
        code: int | str | None
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = ended.code
        return Outcome(code, *capsys.readouterr())

    return run


def rows(outcome: Outcome) -> list[list[str]]:
    return [line.split() for line in outcome.out.splitlines()]


def set_variables(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"DNN_PIPELINE_{name.upper()}", str(value))


def test_help_loads_nothing_heavy() -> None:
    script = """if True:
        import sys
        from pipeline.cli import main
        try:
            main(sys.argv[1:])
        except SystemExit:
            heavy = {"fsspec", "google.cloud.aiplatform", "keras", "kfp", "numpy", "pyarrow", "tensorflow", "yaml"}
            assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()
    """
    arguments = [sys.executable, "-c", script, "run", "--help"]
    done = subprocess.run(arguments, cwd=ROOT, check=True, capture_output=True, text=True)
    assert "--train-steps" in done.stdout


@pytest.mark.parametrize("names", [["run"], ["config", "show"]])
def test_every_field_is_an_option_with_its_default(command: Command, names: list[str]) -> None:
    outcome = command(*names, "--help")
    assert outcome.code == 0
    searches = names != ["run"]  # it has no search to tell anything of
    assert ("--trials" in outcome.out) == searches
    for field, info in RunConfig.model_fields.items():
        if field in Tuning.model_fields and not searches:
            continue
        (line,) = [line for line in outcome.out.splitlines() if f" {flag(field)} " in line]
        default = f"no-{flag(field)[2:]}" if info.default is False else info.default
        default = flag(field)[2:] if info.default is True else default
        assert default == "" or f"[default: {default}]" in line
        assert str(info.description).split()[0] in line


def test_version_is_the_projects(command: Command) -> None:
    assert command("--version") == (0, f"{trainer.__version__}\n", "")


def test_unknown_option_is_refused_with_the_nearest(command: Command) -> None:
    outcome = command("run", "--train-step", "3")
    assert outcome.code == 2
    assert "--train-steps" in outcome.err


def test_switch_takes_no_value(command: Command) -> None:
    for text in ("--promote-on-tie=False", "--promote-on-tie=true"):
        outcome = command("config", "show", text)
        assert (outcome.code, outcome.out) == (2, "")
        assert "does not take a value" in outcome.err
    assert ["promote_on_tie", "true", "command", "line"] in rows(command("config", "show", "--promote-on-tie"))
    Path("dev.toml").write_text("promote_on_tie = true\n")
    outcome = command("config", "show", "--config", "dev.toml", "--no-promote-on-tie")
    assert ["promote_on_tie", "false", "command", "line"] in rows(outcome)


def test_config_shows_values_and_where_they_come_from(command: Command) -> None:
    Path("dev.toml").write_text("seed = 7\n")
    outcome = command("config", "show", "--config", "dev.toml", "--train-steps", "20", "--schema", "mine.toml")
    shown = rows(outcome)
    assert [row[0] for row in shown] == [key(field) for field in RunConfig.model_fields]
    assert ["seed", "7", "dev.toml"] in shown
    assert ["train_steps", "20", "command", "line"] in shown
    assert ["schema", '"mine.toml"', "command", "line"] in shown
    assert ["num_layers", "4", "default"] in shown
    assert (outcome.code, outcome.err) == (0, "")


def test_default_given_by_hand_is_from_the_command_line(command: Command) -> None:
    assert ["seed", "1", "command", "line"] in rows(command("config", "show", "--seed", "1"))


def test_wrong_usage_is_one_paragraph_and_exit_code_2(command: Command) -> None:
    outcome = command("config", "show", "--train-steps", "1e3", "--dropout", "2")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "Error: 2 problems:\n"
        '  - `--train-steps` must be a valid integer. Received: "1e3". The default is 1000.\n'
        "  - `--dropout` must be less than 1. Received: 2.0. The default is 0.0.\n"
    )


def test_debug_shows_the_traceback() -> None:
    with pytest.raises(UsageError, match="`--seed` must be"):
        main(["--debug", "config", "show", "--seed", "x"])


def test_run_refuses_inputs_that_are_not_there_before_it_begins(command: Command) -> None:
    outcome = command("run", "--train-data", "a.csv", "--eval-data", "b.csv", "--schema", "c.toml")
    assert outcome.code == 2
    assert outcome.err.startswith("Error: 3 problems:\n  - a.csv matches no file.")
    assert "  - b.csv matches no file." in outcome.err
    assert "  - The data contract c.toml cannot be read: No such file or directory." in outcome.err
    assert list(Path.cwd().iterdir()) == []


def test_run_refuses_a_wrong_contract_before_it_begins(command: Command, iris_files: IrisFiles) -> None:
    Path("schema.toml").write_text("name = 'x'\ncolums = []\n")
    data = ["--train-data", str(iris_files.train_data), "--eval-data", str(iris_files.eval_data)]
    outcome = command("run", *data, "--schema", "schema.toml")
    assert outcome.code == 2
    assert 'Did you mean "columns"?' in outcome.err
    assert not Path("runs").exists()


@pytest.mark.parametrize("name", [name for name in CONNECTING if name not in AT_EASE])
def test_command_says_how_to_start_the_services_where_they_are_down(
    command: Command, name: str, iris_files: IrisFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_variables(monkeypatch, **iris_files._asdict())
    outcome = command(name, *CONNECTING[name])
    assert (outcome.code, outcome.out) == (2, "")
    where = Path.cwd() / ".local/vertex"
    assert outcome.err == f"Error: The local services are down: none work in {where}. Run `python -m pipeline up`.\n"
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("name", CONNECTING)
def test_command_says_at_once_that_googles_vertex_cannot_be_reached(
    command: Command, name: str, iris_files: IrisFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_variables(
        monkeypatch,
        profile="vertex",
        project="my-project",
        location="europe-west4",
        staging_bucket="gs://my-bucket",
        image="europe-west4-docker.pkg.dev/my-project/pipelines/dnn-trainer:0.1.0",
        service_account="pipeline@my-project.iam.gserviceaccount.com",
        **iris_files._asdict(),
    )
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        outcome = command(name, *CONNECTING[name])
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        "Error: Google's Vertex AI cannot be reached: the proxy does not lead to "
        "europe-west4-aiplatform.googleapis.com (Connection refused). Check the network, HTTPS_PROXY and the location, "
        "or use `--profile local`.\n"
    )
    assert list(Path.cwd().iterdir()) == []


def test_services_that_are_down_need_no_stop(command: Command) -> None:
    where = Path.cwd() / ".local/vertex"
    assert command("down") == (0, f"The local services are down already: none work in {where}.\n", "")


def test_undeploy_wants_to_be_told_what_it_means(command: Command) -> None:
    outcome = command("undeploy", "--yes")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Error: `undeploy` takes one version off the endpoint, or all: ")


def test_another_vertex_in_the_environment_is_refused(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERTEX_EMULATOR_HOST", "http://127.0.0.1:1")
    outcome = command("models", "--connection", "vertex", "--project", "my-project", "--location", "us-central1")
    assert outcome.code == 2
    assert outcome.err.startswith("Error: `connection` is vertex, which is Google's, and VERTEX_EMULATOR_HOST names ")


def test_command_takes_only_the_options_that_it_needs(command: Command) -> None:
    assert {"--project", "--config", "--endpoint-name"} <= set(command("predict", "--help").out.split())
    assert "--rollout" in command("promote", "--help").out
    for arguments in (["predict", "x", "--rollout", "100"], ["models", "--train-steps", "3"]):
        outcome = command(*arguments)
        assert outcome.code == 2
        assert "No such option" in outcome.err


def test_command_reads_a_file_that_configures_whole_runs(command: Command) -> None:
    Path("dev.toml").write_text("train_steps = 7\nlocation = 'moon'\n")
    outcome = command("models", "--config", "dev.toml")
    assert outcome.code == 2
    assert outcome.err.startswith("Error: `location` in dev.toml must be a region such as us-central1. ")


def test_command_line_without_a_command_shows_help(command: Command) -> None:
    outcome = command()
    assert "draft-schema" in outcome.out + outcome.err


def test_draft_schema_prints_a_contract_and_says_what_it_guessed(command: Command, iris_files: IrisFiles) -> None:
    outcome = command("draft-schema", str(iris_files.train_data), "--label", "5")
    assert outcome.code == 0
    assert parse_contract(outcome.out.encode(), "draft").label.classes == ("setosa", "versicolor", "virginica")
    told, guesses = outcome.err.split("Check what was guessed:\n")
    assert told == '120 rows of 3 classes: "setosa" 42 (35%), "virginica" 42 (35%), "versicolor" 36 (30%).\n'
    assert guesses.startswith('  - Column "column5" is the label, with 3 classes.\n')
    assert guesses.endswith(f"\nThen: python -m pipeline run --data {iris_files.train_data} --label 5\n")


def test_draft_schema_writes_a_file_once(command: Command, iris_files: IrisFiles) -> None:
    arguments = ["draft-schema", str(iris_files.train_data), "--label", "5", "--output", "new/mine.toml"]
    told = command(*arguments).err
    assert told.startswith("Written to new/mine.toml.\n120 rows of 3 classes: ")
    assert told.endswith(f"python -m pipeline run --data {iris_files.train_data} --schema new/mine.toml\n")
    written = Path("new/mine.toml").read_bytes()
    Path("new/mine.toml").write_bytes(b"edited")
    outcome = command(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "Error: new/mine.toml is there already. Give another --output, or --force to write over it.\n"
    )
    assert Path("new/mine.toml").read_bytes() == b"edited"
    assert command(*arguments, "--force").code == 0
    assert Path("new/mine.toml").read_bytes() == written


def test_draft_schema_refuses_an_output_that_cannot_be_written(command: Command, iris_files: IrisFiles) -> None:
    Path("file").write_text("")
    outcome = command("draft-schema", str(iris_files.train_data), "--label", "5", "--output", "file/mine.toml")
    assert outcome.code == 2
    assert outcome.err == "Error: file/mine.toml cannot be written: File exists. Give another --output.\n"


def test_draft_schema_refuses_an_unknown_column(command: Command, iris_files: IrisFiles) -> None:
    outcome = command("draft-schema", str(iris_files.train_data), "--label", "Species")
    assert (outcome.code, outcome.out) == (2, "")
    assert 'Received: "Species"' in outcome.err


def test_compile_writes_both_files_and_tells_their_paths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "build" / "wine.yaml"
    with pytest.raises(SystemExit) as ended:
        compile_command(["--pipeline-name", "wine", "--output", str(output)])
    tuning = output.with_name("wine-tuning-pipeline.yaml")
    assert (ended.value.code, capsys.readouterr()) == (0, (f"{output}\n{tuning}\n", ""))
    assert "name: wine\n" in output.read_text(encoding="utf-8")
    assert "name: wine-tuning-pipeline\n" in tuning.read_text(encoding="utf-8")


def test_compile_refuses_wrong_usage_in_one_paragraph(capsys: pytest.CaptureFixture[str]) -> None:
    assert compile_command(["--image", "dnn-trainer"]) == 2
    assert capsys.readouterr().err.startswith("Error: `--image` must name a container image with a tag")


def test_compile_for_vertex_invents_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert compile_command(["--profile", "vertex"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "Error: 4 problems:"
    assert [line.split("`")[1] for line in said[1:]] == ["project", "location", "staging_bucket", "image"]


def test_config_is_shown_as_json_too(command: Command) -> None:
    shown = json.loads(command("config", "show", "--json", "--seed", "7").out)
    assert list(shown) == [key(field) for field in RunConfig.model_fields]
    assert shown["seed"] == {"value": 7, "source": "command line"}
    assert shown["connection"] == {"value": "local", "source": "profile local"}


def test_compile_shows_a_traceback_when_asked() -> None:
    with pytest.raises(UsageError, match="`--image` must name"):
        compile_command(["--debug", "--image", "dnn-trainer"])
