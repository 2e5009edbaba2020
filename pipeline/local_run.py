"""One run on this machine: inputs checked and staged, pipeline compiled, runner started and followed."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pipeline.compilation import compile_pipeline
from pipeline.config import RunConfig, parameter_values
from pipeline.interrupts import uninterrupted
from pipeline.run_record import RunRecord, read_display_names, read_run, write_inputs
from pipeline.runner_process import running
from pipeline.staging import stage
from trainer.contract import load_contract
from trainer.errors import DataError, ProjectError, UsageError, listing
from trainer.storage import is_local, local_path
from trainer.tables.files import expand

_POLL_S = 0.1
_TAIL_LINES = 20
_TABLES = ("train_data", "eval_data")


def run_locally(config: RunConfig, runs_dir: Path, follow: Callable[[RunRecord], None]) -> RunRecord:
    """Runs the compiled pipeline in a process of its own until it ends.

    Args:
        config: The configuration of the run, as `prepare` has accepted it.
        runs_dir: The folder of all runs; this one gets a folder in it, named after the pipeline and the time.
        follow: Called with the run as it is, several times a second.

    Returns:
        The run in its last state: `cancelled`, with no process left, where a KeyboardInterrupt stopped it.

    Raises:
        ProjectError: The inputs cannot be copied to the staging bucket, or the runner died.
        KeyboardInterrupt: It was interrupted before the runner was started.
    """
    staged = {field: stage(getattr(config, field), config.staging_bucket) for field in (*_TABLES, "schema_file")}
    given = config.model_copy(update={field: copy.uri for field, copy in staged.items()})
    originals = {uri: path for copy in staged.values() for uri, path in copy.originals.items()}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        spec = compile_pipeline(config, Path(folder, "pipeline.yaml"))
        Path(folder, "parameters.json").write_text(json.dumps(parameter_values(given)), encoding="utf-8")
        names = read_display_names(spec)
        with uninterrupted():
            run_dir = _new_run_folder(runs_dir, config.pipeline_name)
            stack.callback(_remove_unless_begun, run_dir)
        return _run_to_its_end(Path(folder), run_dir, names, originals, follow)


def prepare(config: RunConfig, runs_dir: Path) -> None:
    """Makes the folder of all runs, unless a run could not begin.

    Files behind a URL are left to the run.

    Raises:
        UsageError: All that is wrong with the run's files on this machine and with its data contract.
    """
    problems = [*_absent_tables(config), *_faults_of_contract(config)]
    if len(problems) > 1:
        problems = [problem.replace("\n", "\n  ") for problem in problems]
    if problems:
        raise UsageError(listing(problems, len(problems)))
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"The folder of all runs, {runs_dir}, cannot be made: {error.strerror}. Give another --runs-dir."
        ) from error


def _absent_tables(config: RunConfig) -> Sequence[str]:
    locations = [getattr(config, field) for field in _TABLES]
    try:
        expand([str(local_path(location)) for location in locations if is_local(location)])
    except DataError as error:
        return error.problems
    return ()


def _faults_of_contract(config: RunConfig) -> Sequence[str]:
    try:
        if is_local(config.schema_file):
            load_contract(config.schema_file)
    except UsageError as error:
        return (str(error),)
    return ()


def _new_run_folder(runs_dir: Path, pipeline_name: str) -> Path:
    name = f"{pipeline_name}-{datetime.now().astimezone():%Y%m%d%H%M%S}"
    folder, number = runs_dir / name, 1
    while True:
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1
            folder = runs_dir / f"{name}-{number}"


def _remove_unless_begun(run_dir: Path) -> None:
    if not (run_dir / "run.json").exists():
        shutil.rmtree(run_dir)


def _run_to_its_end(
    asked: Path,
    run_dir: Path,
    display_names: Mapping[str, str],
    originals: Mapping[str, str],
    follow: Callable[[RunRecord], None],
) -> RunRecord:
    interrupted = False
    output = asked / "runner-output.txt"
    try:
        with running(asked / "pipeline.yaml", asked / "parameters.json", run_dir, output) as runner:
            while runner.poll() is None:
                if (run_dir / "run.json").exists():
                    follow(read_run(run_dir, display_names))
                time.sleep(_POLL_S)
    except KeyboardInterrupt:
        interrupted = True
    if not (run_dir / "run.json").exists():
        if interrupted:
            raise KeyboardInterrupt
        raise _refusal_to_begin(runner.returncode, output)
    # Not sooner: the runner wants an empty folder.
    write_inputs(run_dir, originals)
    run = read_run(run_dir, display_names)
    if run.state not in ("succeeded", "failed", "cancelled"):
        if not interrupted:
            raise _death(runner.returncode, run_dir / "runner.log", output)
        run = replace(run, state="cancelled")
    follow(run)
    return run


def _refusal_to_begin(exit_code: int, output: Path) -> ProjectError:
    said = _last_lines(output)
    if exit_code == 2:
        return UsageError(said)
    return ProjectError(f"The runner ended with exit code {exit_code} before it began the run. It said:\n{said}")


def _death(exit_code: int, *logs: Path) -> ProjectError:
    said = "\n".join(filter(None, map(_last_lines, logs)))
    return ProjectError(
        f"The runner ended with exit code {exit_code} before the run was over. Run again. "
        f"{logs[0]} ends with:\n{said or '(nothing)'}"
    )


def _last_lines(file: Path) -> str:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    return "\n".join(lines[-_TAIL_LINES:])
