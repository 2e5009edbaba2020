from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pipeline.config import RunConfig, Value, key
from pipeline.config_layers import PLACE, SUBMITTED, load_config
from trainer.errors import UsageError

SAMPLE = Path(__file__).resolve().parents[2] / "pipeline.toml"
GIVEN: Mapping[str, Value] = {
    "project": "my-project",
    "location": "europe-west4",
    "staging_bucket": "gs://my-bucket",
    "image": "europe-west4-docker.pkg.dev/my-project/pipelines/dnn-trainer:0.1.0",
    "service_account": "pipeline@my-project.iam.gserviceaccount.com",
}


def write(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return file


def refusal(
    file: Path | None = None,
    overrides: Mapping[str, Value] | None = None,
    *,
    profile: str = "local",
    params: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    needs: Sequence[str] = (),
) -> str:
    with pytest.raises(UsageError) as raised:
        load_config(file, overrides or {}, profile=profile, params=params, environment=environment or {}, needs=needs)
    return str(raised.value)


def test_each_source_wins_over_those_before_it(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "seed = 2\ndropout = 0.2\nnum_layers = 2\npatience = 2\n"
        "[profiles.local]\nseed = 3\ndropout = 0.3\nnum_layers = 3\n[profiles.vertex]\nseed = 9\n",
    )
    environment = {"DNN_PIPELINE_SEED": "4", "DNN_PIPELINE_DROPOUT": "0.4", "PATH": "/bin", "SEED": "8"}
    config, sources = load_config(file, {"seed": "5"}, environment=environment)
    assert (config.train_steps, config.patience, config.num_layers) == (1000, 2, 3)
    assert (config.dropout, config.seed) == (0.4, 5)
    names = ["train_steps", "patience", "num_layers", "dropout", "seed", "connection"]
    assert [sources[name] for name in names] == [
        "default",
        str(file),
        f"{file} [profiles.local]",
        "environment",
        "command line",
        "profile local",
    ]


def test_contract_of_the_data_says_how_to_train_unless_something_else_does(tmp_path: Path) -> None:
    contract = tmp_path / "my schema.toml"
    columns = '[[columns]]\nname = "x"\nkind = "numeric"\n[[columns]]\nname = "y"\nkind = "label"\nclasses = ["a", "b"]'
    contract.write_text(f'name = "mine"\n[training]\npatience = 7\ndropout = 0.5\nseed = 3\n{columns}\n', "utf-8")
    file = write(tmp_path, f"schema = '{contract}'\nseed = 2\n")
    config, sources = load_config(file, {"dropout": "0.1"})
    assert (config.patience, config.dropout, config.seed) == (7, 0.1, 2)
    assert [sources[name] for name in ("patience", "dropout", "seed")] == [
        f"{contract} [training]",
        "command line",
        str(file),
    ]


@pytest.mark.parametrize("schema", ["absent.toml", "gs://bucket/schema.toml"])
def test_contract_that_is_not_at_hand_says_nothing_of_training(schema: str) -> None:
    assert load_config(None, {"schema": schema})[1]["patience"] == "default"


def test_built_in_profiles_need_no_file() -> None:
    config, sources = load_config(None, {}, profile="vertex")
    assert (config.connection, sources["connection"]) == ("vertex", "profile vertex")
    assert load_config(None, {})[0].connection == "local"


def test_profile_of_ones_own_says_its_connection(tmp_path: Path) -> None:
    file = write(tmp_path, "[profiles.staging]\nconnection = 'vertex'\nproject = 'my-staging'\n")
    config, sources = load_config(file, {}, profile="staging")
    assert (config.connection, config.project) == ("vertex", "my-staging")
    assert sources["connection"] == f"{file} [profiles.staging]"
    assert refusal(write(tmp_path, "[profiles.staging]\nproject = 'my-staging'\n"), profile="staging") == (
        f'The profile "staging" in {file} does not say what it connects to. Write `connection = "local"` or '
        '`connection = "vertex"` below [profiles.staging].'
    )


def test_connection_for_all_profiles_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "connection = 'vertex'\n")
    assert refusal(file) == (
        f"`connection` in {file} belongs to a profile. Write it below [profiles.NAME], and give --profile NAME."
    )


def test_unknown_profile_is_refused_with_the_nearest(tmp_path: Path) -> None:
    file = write(tmp_path, "[profiles.staging]\nconnection = 'vertex'\n")
    assert refusal(file, profile="stagin") == (
        'There is no profile "stagin". Did you mean "staging"? Known: local, staging, vertex.'
    )


@pytest.mark.parametrize("text", ["profiles = 3\n", "[profiles]\nlocal = 'x'\n"])
def test_profiles_that_are_no_tables_are_refused(tmp_path: Path, text: str) -> None:
    file = write(tmp_path, text)
    assert refusal(file) == (
        f"`profiles` in {file} must hold tables. Write `[profiles.NAME]` over the lines of a profile."
    )


def test_misspelt_profiles_are_found(tmp_path: Path) -> None:
    file = write(tmp_path, "[profile.vertex]\nseed = 2\n")
    assert refusal(file) == f'`profile` in {file} is not known. Did you mean "profiles"?'


def test_profile_out_of_its_place_is_led_to_it(tmp_path: Path) -> None:
    told = refusal(write(tmp_path, "[mine]\nconnection = 'vertex'\n"))
    assert told.endswith(" is not known. If it is a profile, write [profiles.mine].")


def test_faults_of_every_source_and_profile_are_told_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, "train_step = 3\n[profiles.local]\ndropout = 2.0\n[profiles.vertex]\nlocation = 'moon'\n")
    said = refusal(
        file, {"seed": "x"}, params=["epochs=5"], environment={"DNN_PIPELINE_TRAIN_STEPS": "many"}, needs=SUBMITTED
    )
    assert said.splitlines() == [
        "6 problems:",
        f'  - `train_step` in {file} is not known. Did you mean "train_steps"?',
        f"  - `dropout` in {file} [profiles.local] must be less than 1. Received: 2.0. The default is 0.0.",
        '  - `DNN_PIPELINE_TRAIN_STEPS` must be a valid integer. Received: "many". The default is 1000.',
        '  - `--param epochs` is not known. Did you mean "num_epochs"?',
        '  - `--seed` must be a valid integer. Received: "x". The default is 1.',
        (
            f"  - `location` in {file} [profiles.vertex] must be a region such as us-central1. "
            'Received: "moon". The default is "us-central1".'
        ),
    ]


def test_parameters_given_as_text_are_read_by_their_types() -> None:
    params = ["num_epochs=5", "learning_rate=1e-2", "promote_on_tie=true", "schema=a=b.toml", "pipeline_name=wine"]
    config, sources = load_config(None, {}, params=params)
    assert (config.num_epochs, config.learning_rate, config.promote_on_tie) == (5, 0.01, True)
    assert (config.schema_file, config.pipeline_name) == ("a=b.toml", "wine")
    assert sources["num_epochs"] == "command line"


@pytest.mark.parametrize(
    ("param", "sentence"),
    [
        ("epochs=5", '`--param epochs` is not known. Did you mean "num_epochs"?'),
        ("schema_file=x", '`--param schema_file` is not known. Did you mean "schema"?'),
        ("zzz=5", "`--param zzz` is not known."),
        ("num_epochs=five", '`--param num_epochs` must be a valid integer. Received: "five". The default is 0.'),
        ("num_epochs=5.0", '`--param num_epochs` must be a valid integer. Received: "5.0".'),
        ("num_epochs=", '`--param num_epochs` must be a valid integer. Received: "".'),
        ("num_epochs", "`--param num_epochs` has no value. Write --param NAME=VALUE."),
        ("promote_on_tie=False", '`--param promote_on_tie` must be true or false. Received: "False".'),
        ("promote_on_tie=1", '`--param promote_on_tie` must be true or false. Received: "1".'),
        ("=5", "`--param =5` names nothing. Write --param NAME=VALUE."),
        ("", "`--param ` names nothing."),
    ],
)
def test_wrong_parameter_is_refused_by_name(param: str, sentence: str) -> None:
    assert refusal(params=[param]).startswith(sentence)


def test_what_the_command_line_says_twice_is_refused() -> None:
    assert refusal(params=["seed=1", "seed=2"]) == "`seed` is given 2 times on the command line. Give it once."
    assert refusal(None, {"seed": "1"}, params=["seed=1"]).startswith("`seed` is given 2 times")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("EPOCHS", "5", '`DNN_PIPELINE_EPOCHS` is not known. Did you mean "DNN_PIPELINE_NUM_EPOCHS"?'),
        ("ZZZ", "5", "`DNN_PIPELINE_ZZZ` is not known."),
        ("PROFIL", "vertex", '`DNN_PIPELINE_PROFIL` is not known. Did you mean "DNN_PIPELINE_PROFILE"?'),
        ("SEED", "", '`DNN_PIPELINE_SEED` must be a valid integer. Received: "".'),
        ("ENABLE_CACHING", "False", '`DNN_PIPELINE_ENABLE_CACHING` must be true or false. Received: "False".'),
    ],
)
def test_wrong_variable_is_refused_by_name(name: str, value: str, sentence: str) -> None:
    assert refusal(environment={f"DNN_PIPELINE_{name}": value}).startswith(sentence)


def test_switch_of_the_environment_is_true_or_false() -> None:
    for text, value in (("true", True), ("false", False)):
        config, _ = load_config(None, {}, environment={"DNN_PIPELINE_ENABLE_CACHING": text})
        assert config.enable_caching is value


@pytest.mark.parametrize("text", ["'false'", "'False'", "0", "1"])
def test_switch_of_a_file_is_no_text_and_no_number(tmp_path: Path, text: str) -> None:
    file = write(tmp_path, f"enable_caching = {text}\n")
    assert refusal(file).startswith(f"`enable_caching` in {file} must be true or false. Received: ")


def test_variables_that_name_file_and_profile_are_no_keys() -> None:
    environment = {"DNN_PIPELINE_CONFIG": "a.toml", "DNN_PIPELINE_PROFILE": "vertex"}
    assert load_config(None, {}, environment=environment) == load_config(None, {})


def test_what_vertex_needs_is_told_all_at_once_and_how_to_give_it() -> None:
    lines = refusal(None, {}, profile="vertex", needs=SUBMITTED).splitlines()
    assert lines[0] == "5 problems:"
    assert [line.split("`")[1] for line in lines[1:]] == [*SUBMITTED]
    assert lines[1] == (
        "  - `project` is missing, and Google's Vertex AI needs it: Google Cloud project id. Give --project, "
        "DNN_PIPELINE_PROJECT, or a line `project = ...` below [profiles.vertex] in pipeline.toml."
    )


def test_values_that_are_given_count_wherever_they_are_given(tmp_path: Path) -> None:
    file = write(tmp_path, "project = 'my-project'\n[profiles.vertex]\nlocation = 'europe-west4'\n")
    given = {name: GIVEN[name] for name in ("staging_bucket", "image")}
    environment = {"DNN_PIPELINE_SERVICE_ACCOUNT": str(GIVEN["service_account"])}
    config, _ = load_config(file, given, profile="vertex", environment=environment, needs=SUBMITTED)
    assert {name: getattr(config, name) for name in GIVEN} == GIVEN


def test_empty_value_is_not_given() -> None:
    given = {**GIVEN, "service_account": ""}
    assert refusal(None, given, profile="vertex", needs=SUBMITTED).startswith("`service_account` is missing, ")


def test_default_given_by_hand_is_given() -> None:
    given: Mapping[str, Value] = {"project": "local-project", "location": "us-central1"}
    assert load_config(None, given, profile="vertex", needs=PLACE)[0].project == "local-project"


def test_local_stand_in_needs_nothing() -> None:
    load_config(None, {}, needs=SUBMITTED)


def test_connection_of_the_command_line_has_the_needs_of_vertex() -> None:
    said = refusal(None, {"connection": "vertex"}, needs=PLACE)
    assert said.splitlines()[0] == "2 problems:"
    assert "below [profiles.vertex] in pipeline.toml" in said


def test_accelerator_comes_whole_from_whatever_sources(tmp_path: Path) -> None:
    file = write(tmp_path, "accelerator_type = 'NVIDIA_L4'\n")
    assert load_config(file, {"accelerator_count": "2"})[0].accelerator_count == 2
    assert refusal(file) == (
        '`accelerator_type` and `accelerator_count` belong together: give both or neither. Received: "NVIDIA_L4" and 0.'
    )
    assert refusal(None, {"accelerator_count": "1"}).endswith('Received: "" and 1.')


def test_gate_has_the_floor_of_its_metric_from_whatever_sources(tmp_path: Path) -> None:
    file = write(tmp_path, "gate_threshold = 0.7\n")
    assert load_config(file, {"gate_metric": "recall:yes"})[0].gate_threshold == 0.7
    assert refusal(file) == (
        "`gate_threshold` belongs to another metric than accuracy. Received: 0.7. "
        "Give `min_accuracy`, or a `gate_metric`."
    )
    assert refusal(None, {"gate_metric": "auc", "min_accuracy": "0.9"}) == (
        "`min_accuracy` belongs to the metric accuracy, and `gate_metric` is auc. Give `gate_threshold` in its place."
    )
    assert refusal(None, {"gate_metric": "auc", "gate_threshold": "1.5"}) == (
        "`gate_threshold` of auc must lie between 0 and 1. Received: 1.5."
    )
    assert load_config(None, {"gate_metric": "log_loss", "gate_threshold": "1.5"})[0].gate_threshold == 1.5


def test_every_needed_key_is_empty_or_local_by_default() -> None:
    assert [key(name) for name in SUBMITTED] == [*SUBMITTED]
    defaults = {name: str(RunConfig.model_fields[name].default) for name in SUBMITTED if name != "location"}
    assert all("local" in text or not text for text in defaults.values())


def test_file_of_the_repository_changes_nothing_and_its_examples_are_right(tmp_path: Path) -> None:
    assert load_config(SAMPLE, {})[0] == RunConfig()
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    examples = [line.removeprefix("# ") for line in lines if re.match(r"# (\[|[a-z_]+ = )", line)]
    file = write(tmp_path, "\n".join(examples))
    config, _ = load_config(file, {}, profile="vertex", needs=SUBMITTED)
    assert (config.project, config.accelerator_type) == ("my-project", "NVIDIA_TESLA_T4")
    assert load_config(file, {}, profile="staging")[0].connection == "vertex"
    assert load_config(file, {})[0] == RunConfig(cpu_limit=2)


def test_settings_in_the_readme_work_as_they_stand(tmp_path: Path) -> None:
    text = SAMPLE.with_name("README.md").read_text(encoding="utf-8")
    settings = text.partition("### Settings")[2].partition("```toml\n")[2].partition("```")[0]
    file = write(tmp_path, settings)
    own = re.findall(r"^\[profiles\.(.*)\]", settings, re.MULTILINE)
    configs = {name: load_config(file, {}, profile=name, needs=SUBMITTED)[0] for name in own}
    assert [config.connection for config in configs.values()] == ["local", "vertex", "local"]
    assert configs["local"].train_steps == 200
