from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from pipeline.commands.options import configured
from pipeline.compilation import compile_pipeline
from pipeline.config import Connection, PipelineParameters, RunConfig, Tuning, key
from pipeline.config_layers import load_config
from trainer.config import flag
from trainer.errors import UsageError

TYPES = {"NUMBER_INTEGER": int, "NUMBER_DOUBLE": float, "STRING": str, "BOOLEAN": bool}


def app_of(*groups: type[Any], **options: Any) -> tuple[typer.Typer, list[RunConfig]]:
    """A command line of one command, which notes its configurations."""
    app, noted = typer.Typer(add_completion=False, pretty_exceptions_enable=False), list[RunConfig]()

    @app.command()
    @configured(*groups, **options)
    def note(*, config: RunConfig) -> None:
        noted.append(config)

    return app, noted


def test_pipeline_configuration_and_command_line_agree(tmp_path: Path) -> None:
    document = yaml.safe_load(compile_pipeline(RunConfig(), tmp_path / "p.yaml").read_text(encoding="utf-8"))
    inputs = document["root"]["inputDefinitions"]["parameters"]
    kinds = {name: TYPES[about["parameterType"]] for name, about in inputs.items()}
    # The compiled file writes every number with a point.
    signature = {name: (kinds[name], kinds[name](about["defaultValue"])) for name, about in inputs.items()}
    defaults = {key(name): info.default for name, info in PipelineParameters.model_fields.items()}
    configuration = {name: (type(default), default) for name, default in defaults.items()}
    options = {option.opts[0]: option for option in typer.main.get_command(app_of(RunConfig)[0]).params}
    spelt = {name: options[flag(name)].default for name in signature}
    command_line = {name: (kinds[name], kinds[name](default)) for name, default in spelt.items()}
    assert signature == configuration == command_line
    written = [f"{name}={str(default).lower()}" for name, (_, default) in signature.items()]
    assert load_config(None, {}, params=written)[0] == RunConfig()


def test_every_field_of_the_configuration_is_an_option_of_a_whole_one() -> None:
    options = {option.opts[0] for option in typer.main.get_command(app_of(RunConfig)[0]).params}
    of_a_run = RunConfig.model_fields.keys() - Tuning.model_fields.keys()
    assert options == {"--config", "--profile", "--param", *map(flag, of_a_run)}
    searching = {option.opts[0] for option in typer.main.get_command(app_of(RunConfig, Tuning)[0]).params}
    assert searching - options == set(map(flag, Tuning.model_fields))
    assert "--param" not in {option.opts[0] for option in typer.main.get_command(app_of(Connection)[0]).params}


def test_file_of_the_folder_is_read_unless_another_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pipeline.toml").write_text("seed = 2\n[profiles.mine]\nconnection = 'local'\npatience = 5\n")
    Path("other.toml").write_text("seed = 3\n")
    app, noted = app_of(RunConfig)
    for arguments in ([], ["--config", "other.toml"], ["--profile", "mine"], ["--param", "seed=4", "--patience", "6"]):
        app(arguments, standalone_mode=False)
    monkeypatch.setenv("DNN_PIPELINE_PROFILE", "mine")
    monkeypatch.setenv("DNN_PIPELINE_DROPOUT", "0.5")
    app([], standalone_mode=False)
    monkeypatch.delenv("DNN_PIPELINE_PROFILE")
    monkeypatch.setenv("DNN_PIPELINE_CONFIG", "other.toml")
    app([], standalone_mode=False)
    assert [(config.seed, config.patience, config.dropout) for config in noted] == [
        (2, 0, 0.0),
        (3, 0, 0.0),
        (2, 5, 0.0),
        (4, 6, 0.0),
        (2, 5, 0.5),
        (3, 0, 0.5),
    ]


@pytest.mark.parametrize(
    ("groups", "options", "count"),
    [((RunConfig,), {}, 5), ((Connection,), {}, 2), ((RunConfig,), {"needs": ["image", "project", "location"]}, 3)],
)
def test_command_asks_for_what_it_needs_of_vertex(groups: Any, options: Any, count: int) -> None:
    app, noted = app_of(*groups, **options)
    with pytest.raises(UsageError, match=f"{count} problems:"):
        app(["--profile", "vertex"], standalone_mode=False)
    assert noted == []


def test_command_that_needs_nothing_takes_an_unfinished_configuration() -> None:
    app, noted = app_of(RunConfig, needs=())
    app(["--profile", "vertex"], standalone_mode=False)
    assert noted[0].connection == "vertex"
