"""The commit that a run is made from."""

from __future__ import annotations

import subprocess
from pathlib import Path

from pipeline.config import RunConfig

_PROJECT = Path(__file__).parent.parent


def with_commit(config: RunConfig, folder: Path = _PROJECT) -> RunConfig:
    """A configuration that tells the commit: the one it names, else that of this project's repository, if it is one."""
    return config if config.git_sha else config.model_copy(update={"git_sha": commit_of(folder)})


def commit_of(folder: Path) -> str:
    """The hash of the commit that a repository is at; empty where the folder is no repository's root."""
    command = ["git", "rev-parse", "--show-cdup", "HEAD"]
    try:
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    way_up, commit = done.stdout.splitlines()
    return "" if way_up else commit
