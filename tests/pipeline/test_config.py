from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from components.image import TRAINER_IMAGE
from pipeline.config import (
    Connection,
    PipelineParameters,
    Place,
    Rollout,
    RunConfig,
    Submission,
    TrainingJob,
    Tuning,
    key,
    parameter_values,
)
from pipeline.config_layers import load_config
from trainer.config import Hyperparameters, flag
from trainer.errors import UsageError, quoted

DIGEST = "sha256:" + "0123456789abcdef" * 4


def refusal(file: Path | None = None, **overrides: str) -> str:
    with pytest.raises(UsageError) as raised:
        load_config(file, overrides)
    assert raised.value.exit_code == 2
    return str(raised.value)


def write(folder: Path, text: str) -> Path:
    file = folder / "dev.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_defaults_are_the_tutorials() -> None:
    config, sources = load_config(None, {})
    assert config == RunConfig()
    assert (config.train_steps, config.train_batch_size, config.first_layer_size) == (1000, 40, 100)
    assert (config.learning_rate, config.optimizer, config.min_accuracy) == (0.05, "adagrad", 0.9)
    assert sources.pop("connection") == "profile local"
    assert set(sources.values()) == {"default"}


def test_file_wins_over_defaults_and_command_line_over_file(tmp_path: Path) -> None:
    file = write(tmp_path, "train_steps = 10\ndropout = 0.2\nschema = 'mine.toml'\n")
    config, sources = load_config(file, {"train_steps": "20"})
    assert (config.train_steps, config.dropout, config.schema_file) == (20, 0.2, "mine.toml")
    assert sources["train_steps"] == "command line"
    assert sources["dropout"] == sources["schema"] == str(file)
    assert sources["seed"] == "default"


def test_value_of_the_file_is_checked_even_where_the_command_line_wins(tmp_path: Path) -> None:
    file = write(tmp_path, "train_steps = 0\n")
    assert "`train_steps` in" in refusal(file, train_steps="20")


def test_whole_number_stands_for_a_rate(tmp_path: Path) -> None:
    config, _ = load_config(write(tmp_path, "min_accuracy = 1\n"), {"learning_rate": "1"})
    assert (repr(config.min_accuracy), repr(config.learning_rate)) == ("1.0", "1.0")


def test_file_with_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "dev.toml"
    file.write_bytes(b"\xef\xbb\xbfseed = 7\r\n")
    assert load_config(file, {})[0].seed == 7


def test_parameters_are_named_as_the_pipeline_names_them() -> None:
    values = parameter_values(RunConfig(schema_file="mine.toml", seed=3))
    assert values["schema"] == "mine.toml"
    assert values["seed"] == 3
    assert values.keys() == {key(field) for field in PipelineParameters.model_fields}
    assert values.keys().isdisjoint({"pipeline_name", "image", "cpu_limit", "memory_limit_gib", "schema_file"})
    assert "connection" not in values


def test_parameters_agree_with_the_compiled_pipeline() -> None:
    from pipeline.definition import define_pipeline

    inputs = define_pipeline(RunConfig()).component_spec.inputs
    assert {name: spec.default for name, spec in inputs.items()} == parameter_values(RunConfig())
    kinds = {"String": str, "Integer": int, "Float": float, "Boolean": bool}
    types = {name: kinds[spec.type] for name, spec in inputs.items()}
    assert types == {name: type(value) for name, value in parameter_values(RunConfig()).items()}


def test_every_field_is_described() -> None:
    assert all(info.description for info in RunConfig.model_fields.values())
    assert set(Hyperparameters.model_fields) < set(PipelineParameters.model_fields) < set(RunConfig.model_fields)
    assert {*Place.model_fields, *Rollout.model_fields} < set(PipelineParameters.model_fields)
    assert set(Place.model_fields) < set(Connection.model_fields) < set(RunConfig.model_fields)
    outside = {*Submission.model_fields, *TrainingJob.model_fields, *Tuning.model_fields, "connection"}
    assert outside < set(RunConfig.model_fields)
    assert outside.isdisjoint(PipelineParameters.model_fields)


def test_configuration_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        RunConfig().seed = 2  # type: ignore[misc]  # what is tested


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("dropout = 1.5", "`dropout` in {file} must be less than 1. Received: 1.5. The default is 0.0."),
        ("dropout = 1", "`dropout` in {file} must be less than 1. Received: 1. The default is 0.0."),
        ("dropout = nan", "`dropout` in {file} must be a finite number. Received: nan. The default is 0.0."),
        (
            "learning_rate = inf",
            "`learning_rate` in {file} must be a finite number. Received: inf. The default is 0.05.",
        ),
        (
            "train_steps = true",
            "`train_steps` in {file} must be a valid integer. Received: true. The default is 1000.",
        ),
        (
            "train_steps = 10.0",
            "`train_steps` in {file} must be a valid integer. Received: 10.0. The default is 1000.",
        ),
        (
            "train_steps = '10'",
            '`train_steps` in {file} must be a valid integer. Received: "10". The default is 1000.',
        ),
        (
            "min_accuracy = false",
            "`min_accuracy` in {file} must be a valid number. Received: false. The default is 0.9.",
        ),
        (
            "train_data = ['a.csv']",
            "`train_data` in {file} must be a valid string. Received: ['a.csv']. The default is ",
        ),
        ("train_step = 5", '`train_step` in {file} is not known. Did you mean "train_steps"?'),
        ("schema_file = 'x'", '`schema_file` in {file} is not known. Did you mean "schema"?'),
        ("zzz = 1", "`zzz` in {file} is not known."),
        ("train_steps =", "The configuration {file} is not TOML: "),
    ],
)
def test_wrong_line_of_a_file_is_refused(tmp_path: Path, line: str, sentence: str) -> None:
    file = write(tmp_path, line)
    assert refusal(file).startswith(sentence.format(file=file))


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        (
            "train_steps",
            "1e3",
            '`--train-steps` must be a valid integer. Received: "1e3". The default is 1000.',
        ),
        ("train_steps", "0", "`--train-steps` must be greater than or equal to 1. Received: 0."),
        ("train_steps", "3000000000", "`--train-steps` must be less than or equal to 2147483647."),
        ("train_steps", "9" * 5000, "`--train-steps` must be "),
        ("num_epochs", "-1", "`--num-epochs` must be greater than or equal to 0. Received: -1."),
        ("train_batch_size", "0", "`--train-batch-size` must be greater than or equal to 1. Received: 0."),
        ("eval_batch_size", "0", "`--eval-batch-size` must be greater than or equal to 1. Received: 0."),
        ("first_layer_size", "0", "`--first-layer-size` must be greater than or equal to 1. Received: 0."),
        ("num_layers", "65", "`--num-layers` must be less than or equal to 64. Received: 65."),
        ("scale_factor", "0", "`--scale-factor` must be greater than 0. Received: 0.0."),
        ("scale_factor", "11", "`--scale-factor` must be less than or equal to 10. Received: 11.0."),
        ("learning_rate", "0", "`--learning-rate` must be greater than 0. Received: 0.0."),
        ("learning_rate", "nan", "`--learning-rate` must be a finite number. Received: nan."),
        ("learning_rate", "fast", '`--learning-rate` must be a valid number. Received: "fast".'),
        (
            "optimizer",
            "Adam",
            "`--optimizer` must be 'adagrad', 'adam', 'sgd' or 'rmsprop'. Received: \"Adam\".",
        ),
        ("dropout", "-0.1", "`--dropout` must be greater than or equal to 0. Received: -0.1."),
        ("seed", "-1", "`--seed` must be greater than or equal to 0. Received: -1."),
        ("seed", "2147483648", "`--seed` must be less than or equal to 2147483647. Received: 2147483648."),
        ("patience", "-1", "`--patience` must be greater than or equal to 0. Received: -1."),
        ("min_accuracy", "1.1", "`--min-accuracy` must be less than or equal to 1. Received: 1.1."),
        (
            "gate_metric",
            "f1",
            (
                "`--gate-metric` must be accuracy, balanced_accuracy, macro_f1, recall:CLASS, precision:CLASS, auc or "
                'log_loss. Received: "f1". The default is "accuracy".'
            ),
        ),
        ("gate_metric", "recall", "`--gate-metric` must name a class: recall:CLASS. Received: "),
        ("gate_threshold", "-0.1", "`--gate-threshold` must be greater than or equal to 0. Received: -0.1."),
        ("train_data", " ", '`--train-data` must name a file. Received: " ".'),
        ("eval_data", "a\0b", '`--eval-data` must name a file. Received: "a\\x00b".'),
        ("schema", "", '`--schema` must name a file. Received: "". The default is "data/schema.toml".'),
        ("min_gain", "-1.1", "`--min-gain` must be greater than or equal to -1. Received: -1.1."),
        ("min_gain", "2", "`--min-gain` must be less than or equal to 1. Received: 2.0."),
        (
            "promote_on_tie",
            "yes",
            '`--promote-on-tie` must be true or false. Received: "yes". The default is false.',
        ),
        ("git_sha", "F00", '`--git-sha` must be a commit\'s hash, or empty: it becomes a label. Received: "F00".'),
        ("connection", "cloud", "`--connection` must be 'local' or 'vertex'. Received: \"cloud\"."),
        ("location", "us", '`--location` must be a region such as us-central1. Received: "us".'),
        ("location", "us-central1-a", "`--location` must be a region such as us-central1."),
        ("machine_type", "n1", '`--machine-type` must be a machine type such as n1-standard-2. Received: "n1".'),
        ("max_latency_ms", "0", "`--max-latency-ms` must be greater than 0. Received: 0.0."),
        (
            "rollout",
            "50",
            '`--rollout` must hold rising percentages that end with 100, such as 100 or 10,50,100. Received: "50".',
        ),
        ("smoke", "laptop", "`--smoke` must be 'task' or 'endpoint'. Received: \"laptop\"."),
        ("cpu_limit", "0", "`--cpu-limit` must be greater than or equal to 1. Received: 0."),
        ("memory_limit_gib", "0", "`--memory-limit-gib` must be greater than or equal to 1. Received: 0."),
        ("accelerator_count", "17", "`--accelerator-count` must be less than or equal to 16. Received: 17."),
        ("training_replicas", "0", "`--training-replicas` must be greater than or equal to 1. Received: 0."),
        ("training_replicas", "1000", "`--training-replicas` must be less than or equal to 64. Received: 1000."),
        ("training_replicas", "2.5", '`--training-replicas` must be a valid integer. Received: "2.5".'),
        ("training_machine_type", "n1-standard-2", "`--training-machine-type` must be larger: "),
        ("training_machine_type", "big", "`--training-machine-type` must be a machine that training takes, such as "),
        ("training_timeout_s", "-1", "`--training-timeout-s` must be greater than or equal to 0. Received: -1."),
        ("spot", "yes", '`--spot` must be true or false. Received: "yes".'),
        ("persistent_resource", "My_one", "`--persistent-resource` must be the id of a persistent resource: "),
        ("scale_tier", "huge", "`--scale-tier` must be '', 'basic', 'standard', 'premium' or 'gpu'. Received: "),
        ("gpu_image", "trainer:latest", "`--gpu-image` must name a container image with a tag other than latest"),
        ("accelerator_type", "t4", "`--accelerator-type` must be an accelerator such as NVIDIA_TESLA_T4, "),
        ("failure_policy", "Fast", "`--failure-policy` must be 'slow' or 'fast'. Received: \"Fast\"."),
        ("enable_caching", "yes", '`--enable-caching` must be true or false. Received: "yes". The default is true.'),
        ("experiment", "My_Experiment", "`--experiment` must be 4 to 128 lower-case letters, digits and hyphens, "),
        ("experiment", "tri", "`--experiment` must be 4 to 128 lower-case letters, digits and hyphens, "),
    ],
)
def test_wrong_option_is_refused(name: str, text: str, sentence: str) -> None:
    assert refusal(None, **{name: text}).startswith(sentence)


@pytest.mark.parametrize("name", ["My-Pipeline", "1pipeline", "-p", "a b", "", "p" * 129, "dnn_pipeline", "p\n"])
def test_pipeline_name_that_vertex_would_not_take_is_refused(name: str) -> None:
    sentence = "`--pipeline-name` must begin with a lower-case letter and hold up to 128 lower-case letters, "
    assert refusal(pipeline_name=name).startswith(sentence + "digits and hyphens. Received: ")


@pytest.mark.parametrize("project", ["short", "p" * 31, "1project", "my_project", "my-project-", "My-Project", ""])
def test_project_that_is_no_project_id_is_refused(project: str) -> None:
    sentence = "`--project` must be a project id: 6 to 30 lower-case letters, digits and hyphens, "
    assert refusal(project=project).startswith(sentence + "a letter first, no hyphen last. Received: ")


@pytest.mark.parametrize(
    "bucket",
    [
        "my-bucket",
        "gs://",
        "gs://ab",
        "gs://" + "b" * 64,
        "gs://my-bucket/folder",
        "gs://my-bucket/",
        "gs://My-bucket",
        "gs://-bucket",
        "gs://bucket_",
        "gs://a..b",
        "gs://" + ".".join(["b" * 60] * 4),
        "gs://192.168.5.4",
        "gs://goog-mine",
        "gs://my-google",
        "gs://my-bucket\n",
    ],
)
def test_bucket_that_cannot_be_is_refused(bucket: str) -> None:
    sentence = "`--staging-bucket` must be gs:// and the name of a bucket, such as gs://my-bucket. Received: "
    assert refusal(staging_bucket=bucket).startswith(sentence)


@pytest.mark.parametrize("bucket", ["gs://abc", "gs://my_bucket-1", "gs://data.example.com", "gs://" + "b" * 63])
def test_bucket_is_taken(bucket: str) -> None:
    assert load_config(None, {"staging_bucket": bucket})[0].staging_bucket == bucket


@pytest.mark.parametrize("account", ["me", "me@example.com", "Me@p.iam.gserviceaccount.com", "@p.gserviceaccount.com"])
def test_service_account_that_is_none_is_refused(account: str) -> None:
    sentence = "`--service-account` must be a service account such as NAME@PROJECT.iam.gserviceaccount.com. Received: "
    assert refusal(service_account=account).startswith(sentence)


@pytest.mark.parametrize(
    "account",
    [
        "",
        "a-b@my-project.iam.gserviceaccount.com",
        "1-compute@developer.gserviceaccount.com",
        "a@b.c.iam.gserviceaccount.com",
    ],
)
def test_service_account_is_taken(account: str) -> None:
    assert load_config(None, {"service_account": account})[0].service_account == account


@pytest.mark.parametrize(
    "root",
    ["my-bucket/x", "gs://", "gs:///x", "gs://B/x", "gs://my-bucket//x", "gs://my-bucket/../x", "gs://my-bucket/a\n"],
)
def test_pipeline_root_that_is_no_folder_of_a_bucket_is_refused(root: str) -> None:
    sentence = (
        "`--pipeline-root` must be gs:// and a folder of a bucket, such as gs://my-bucket/pipeline-root. Received: "
    )
    assert refusal(pipeline_root=root).startswith(sentence)


@pytest.mark.parametrize(
    ("root", "folder"),
    [
        ("", "gs://local-bucket/pipeline-root"),
        ("gs://my-bucket", "gs://my-bucket"),
        ("gs://my-bucket/", "gs://my-bucket"),
        ("gs://my-bucket/a/b c/", "gs://my-bucket/a/b c"),
    ],
)
def test_root_is_that_of_the_configuration_or_lies_in_the_staging_bucket(root: str, folder: str) -> None:
    assert load_config(None, {"pipeline_root": root})[0].root == folder


@pytest.mark.parametrize("name", ["", " ", "a ", 'a"b', "a\\b", "a\nb", "n" * 129])
def test_display_name_that_could_not_be_found_again_is_refused(name: str) -> None:
    sentence = "must be 1 to {} printable characters, without quotes, backslashes or outer spaces. Received: "
    assert refusal(model_name=name).startswith("`--model-name` " + sentence.format(128))
    assert refusal(endpoint_name=name).startswith("`--endpoint-name` " + sentence.format(122))


def test_endpoint_name_leaves_room_for_that_of_the_smoke_test() -> None:
    assert "1 to 122" in refusal(endpoint_name="n" * 123)
    longest, _ = load_config(None, {"model_name": "東 京" * 42, "endpoint_name": "n" * 122})
    assert len(f"{longest.endpoint_name}-smoke") == 128


@pytest.mark.parametrize(
    "image",
    [
        "dnn-trainer",
        "dnn-trainer:latest",
        f"dnn-trainer:latest@{DIGEST}",
        "registry.example/team/dnn-trainer",
        "registry.example:5000/dnn-trainer",
        "dnn-trainer:",
        "dnn-trainer:a b",
        "Dnn-Trainer:1",
        "-dnn:1",
        f"dnn-trainer@{DIGEST[:-1]}",
        "dnn-trainer:1\n",
        "https://registry.example/dnn-trainer:1",
        "",
    ],
)
def test_image_that_is_not_pinned_is_refused(image: str) -> None:
    sentence = "`--image` must name a container image with a tag other than latest, or with a sha256 digest. "
    assert refusal(image=image).startswith(
        sentence + f"Received: {quoted(image)}. The default is {quoted(TRAINER_IMAGE)}."
    )


@pytest.mark.parametrize(
    "image",
    [
        "dnn-trainer:0.1.0",
        f"dnn-trainer@{DIGEST}",
        f"registry.example:5000/team/dnn__trainer:v1_2@{DIGEST}",
        "eu.registry.example/project-1/repo/dnn-trainer:2026.11",
    ],
)
def test_pinned_image_is_taken(image: str) -> None:
    assert load_config(None, {"image": image})[0].image == image


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, "dropout = 1.5\ntrain_step = 3\n")
    assert refusal(file, seed="x", image="a").splitlines()[0] == "4 problems:"


def test_long_value_is_cut(tmp_path: Path) -> None:
    sentence = refusal(write(tmp_path, f"learning_rate = 1{'0' * 400}\n"))
    assert "000.... The default is 0.05." in sentence
    assert len(sentence) < 300


def test_absent_file_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path / "no.toml")
    assert message.endswith("no.toml cannot be read: No such file or directory. Give the path of a TOML file.")


def test_file_of_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dev.toml").write_bytes(b"image = '\xe9'\n")
    assert refusal(tmp_path / "dev.toml").endswith("Save it as UTF-8.")


def test_option_is_the_key_with_hyphens() -> None:
    assert flag("schema_file") == "--schema"
    assert flag("train_steps") == "--train-steps"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"training_replicas": 3},
            (
                "`train_batch_size` must be divisible by `training_replicas`, as each takes its share of every batch. "
                "Received: 40 and 3."
            ),
        ),
        (
            {"scale_tier": "gpu", "training_machine_type": "g2-standard-4"},
            (
                "`accelerator_type` NVIDIA_TESLA_T4 does not go with `training_machine_type` g2-standard-4. It goes "
                "with n1 machines."
            ),
        ),
        (
            {"spot": True, "cpu_limit": 200},
            "`training_machine_type` is missing: no n1 machine has 200 CPUs, 8 GiB. Name the machine of the training.",
        ),
        (
            {"spot": True, "accelerator_type": "NVIDIA_L4", "accelerator_count": 1},
            "`training_machine_type` is missing: no n1 machine has 4 CPUs, 8 GiB and NVIDIA_L4. ",
        ),
        (
            {"scale_tier": "gpu", "image": f"r/trainer@{DIGEST}"},
            "`gpu_image` is missing: an accelerator needs the image with CUDA, and `image` is named by a ",
        ),
        (
            {"scale_tier": "gpu", "image": "r/trainer:1", "gpu_image": "r/trainer:1"},
            (
                "`gpu_image` and `image` are the same, and an accelerator needs the image with CUDA. Received: "
                "r/trainer:1."
            ),
        ),
    ],
)
def test_training_that_no_machine_could_do_is_refused(values: dict[str, str | int | bool], sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        load_config(None, values)
    assert sentence in str(raised.value)


def test_what_is_given_wins_over_a_tier_wherever_it_stands(tmp_path: Path) -> None:
    file = write(tmp_path, "training_replicas = 2\nscale_tier = 'gpu'\n")
    config, sources = load_config(file, {"scale_tier": "standard"})
    assert (config.training_replicas, config.training_machine_type) == (2, "n1-standard-8")
    assert (config.accelerator_type, sources["training_machine_type"]) == ("", "scale_tier standard")
    assert sources["training_replicas"] == str(file)


def test_image_of_a_training_follows_its_accelerator() -> None:
    def image(**given: str | int) -> str:
        return load_config(None, {"accelerator_type": "NVIDIA_L4", "accelerator_count": 1, **given})[0].training_image

    assert RunConfig(image="r/t:1").training_image == "r/t:1"
    assert image(image="r/t:1") == image(image="r/t:1-gpu") == "r/t:1-gpu"
    assert image(image=f"r/t@{DIGEST}", gpu_image=f"r/g@{DIGEST}") == f"r/g@{DIGEST}"
