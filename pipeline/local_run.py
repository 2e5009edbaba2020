"""One run on this machine: inputs checked and staged, pipeline compiled, runner started and followed."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pipeline.compilation import compile_pipeline
from pipeline.config import RunConfig, parameter_values
from pipeline.run_record import RunRecord, read_display_names, read_run, write_inputs
from pipeline.runner_process import RunnerProcess, running
from pipeline.staging import stage
from trainer.contract import load_contract
from trainer.errors import DataError, ProjectError, UsageError, listing
from trainer.storage import is_local, local_path
from trainer.table_files import expand

_POLL_S = 0.1
_TAIL_LINES = 20
_TABLES = ("train_data", "eval_data")


def run_locally(config: RunConfig, runs_dir: Path, follow: Callable[[RunRecord], None]) -> RunRecord:
    """Runs the compiled pipeline in a process of its own until it ends.

    Args:
        config: The configuration of the run.
        runs_dir: The folder of all runs; this one gets a folder in it, named after the pipeline and the time.
        follow: Called with the run as it is, several times a second.

    Returns:
        The run in its last state: `cancelled`, with no process left, where SIGINT or SIGTERM interrupted it.

    Raises:
        ProjectError: The inputs make no sense, or the runner died.
        KeyboardInterrupt: It was interrupted before the runner was started.
    """
    with _termination_as_interrupt():
        check_inputs(config)
        staged = {field: stage(getattr(config, field), str(runs_dir)) for field in (*_TABLES, "schema_file")}
        given = config.model_copy(update={field: copy.uri for field, copy in staged.items()})
        originals = {uri: path for copy in staged.values() for uri, path in copy.originals.items()}
        with tempfile.TemporaryDirectory() as folder:
            spec = compile_pipeline(config, Path(folder, "pipeline.yaml"))
            parameters = Path(folder, "parameters.json")
            parameters.write_text(json.dumps(parameter_values(given), indent=2), encoding="utf-8")
            run_dir = _new_run_folder(runs_dir, config.pipeline_name)
            return _run_to_its_end(spec, parameters, run_dir, originals, follow)


def check_inputs(config: RunConfig) -> None:
    """Refuses a run whose files are not there or whose data contract makes no sense, before it is begun.

    Raises:
        ProjectError: All that is wrong.
    """
    errors: list[ProjectError] = []
    local = [getattr(config, field) for field in _TABLES if is_local(getattr(config, field))]
    try:
        expand([str(local_path(location)) for location in local])
    except DataError as error:
        errors.append(error)
    try:
        load_contract(config.schema_file)
    except UsageError as error:
        errors.append(error)
    if len(errors) > 1:
        raise UsageError(listing([str(error) for error in errors], len(errors)))
    if errors:
        raise errors[0]


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _new_run_folder(runs_dir: Path, pipeline_name: str) -> Path:
    name = f"{pipeline_name}-{datetime.now().astimezone():%Y%m%d%H%M%S}"
    candidates = (runs_dir / (f"{name}-{number}" if number > 1 else name) for number in range(1, 1000))
    for folder in candidates:
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            continue
        except OSError as error:
            reason = f"{folder} cannot be made: {error.strerror}. Give another --runs-dir."
            raise UsageError(reason) from error
    raise UsageError(f"{runs_dir} holds a thousand runs of this second. Give another --runs-dir.")


def _run_to_its_end(
    spec: Path,
    parameters: Path,
    run_dir: Path,
    originals: Mapping[str, str],
    follow: Callable[[RunRecord], None],
) -> RunRecord:
    names = read_display_names(spec)
    try:
        with running(spec, parameters, run_dir) as runner:
            while runner.exit_code() is None:
                if (run_dir / "run.json").exists():
                    follow(read_run(run_dir, names))
                time.sleep(_POLL_S)
    except KeyboardInterrupt:
        run = replace(read_run(run_dir, names), state="cancelled")
    else:
        write_inputs(run_dir, originals)
        run = read_run(run_dir, names)
        if run.state not in ("succeeded", "failed", "cancelled"):
            raise _death(runner, run_dir)
    follow(run)
    return run


def _death(runner: RunnerProcess, run_dir: Path) -> ProjectError:
    """Why a runner ended without a last word on its run."""
    said = runner.output()
    if runner.exit_code() == 2 and said:
        shutil.rmtree(run_dir)
        return UsageError(said)
    log = run_dir / "runner.log"
    lines = (log.read_text(encoding="utf-8", errors="replace") if log.exists() else "").splitlines()
    tail = "\n".join([*lines[-_TAIL_LINES:], *said.splitlines()[-_TAIL_LINES:]])
    return ProjectError(
        f"The runner ended with exit code {runner.exit_code()} before the run was over. "
        f"Run again; {log} ends with:\n{tail or '(nothing)'}"
    )
