"""The options that a run was submitted with, kept beside its results: a hint that runs it again repeats them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

from pipeline.config import PipelineParameters, RunConfig, key
from pipeline.runs.record import RunRecord
from trainer import storage
from trainer.config import flag

_FILE = "options.json"
# The options of any command lead to the first two; the last is found out anew.
_NOT_OWN = ("project", "location", "git_sha")


def keep_options(root: str, run_id: str, options: Sequence[str]) -> None:
    """Keeps a run's options; where that fails, hints name its parameters instead.

    Args:
        root: The folder of all runs.
        run_id: The run's id.
        options: The words of its command line.
    """
    with suppress(OSError):
        storage.write_bytes(_place(root, run_id), json.dumps(list(options)).encode())


def own_options(run: RunRecord, config: RunConfig) -> list[str]:
    """The words with which `run` does again what a run has done.

    Args:
        run: The run.
        config: What `run` takes from file and environment.
    """
    with suppress(OSError, ValueError):
        options = json.loads(storage.read_bytes(_place(run.root, run.run_id)))
        return [str(option) for option in options]
    return _from_parameters(run, config)


def _place(root: str, run_id: str) -> str:
    return storage.join(root, run_id, _FILE)


def _from_parameters(run: RunRecord, config: RunConfig) -> list[str]:
    """Options for what a run was given and the configuration does not say by itself."""
    words = []
    for field in PipelineParameters.model_fields:
        given, says = run.parameters.get(key(field)), getattr(config, field)
        if given is None or given == says or field in _NOT_OWN:
            continue
        if isinstance(says, bool):
            words.append(flag(field) if given else f"--no-{flag(field).removeprefix('--')}")
        else:
            words += [flag(field), str(given)]
    return words
