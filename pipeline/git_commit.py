"""The commit that a run is made from."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import RunConfig

# What ends the commit of a version where the project's files differed from it.
DIRTY = "-dirty"

_PROJECT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Commit:
    """A commit.

    Attributes:
        sha: Its hash; empty where it is not known.
        is_dirty: Whether files differ from it, or are not in it. None where that is not known.
    """

    sha: str
    is_dirty: bool | None = None


def with_commit(config: RunConfig, folder: Path = _PROJECT) -> RunConfig:
    """A configuration that tells the commit: the one it names, else that of this project's repository, if it is one.

    It ends in `-dirty` where files are known to differ from it, as `git describe` has it.
    """
    behind = commit_behind(config, folder)
    return config.model_copy(update={"git_sha": f"{behind.sha}{DIRTY}" if behind.is_dirty else behind.sha})


def commit_behind(config: RunConfig, folder: Path = _PROJECT) -> Commit:
    """The commit of `with_commit`, and whether the project's files are those of it."""
    here = commit_of(folder)
    if config.git_sha and config.git_sha != here:
        return Commit(config.git_sha)
    return Commit(here, is_dirty(folder) if here else None)


def commit_of(folder: Path) -> str:
    """The hash of the commit that a repository is at; empty where the folder is no repository's root."""
    said = _git(["rev-parse", "--show-cdup", "HEAD"], folder)
    if said is None:
        return ""
    way_up, commit = said.splitlines()
    return "" if way_up else commit


def is_dirty(folder: Path) -> bool | None:
    """Whether files of a repository are changed, or new and not ignored. None where git does not say."""
    said = _git(["status", "--porcelain"], folder)
    return None if said is None else bool(said)


def _git(arguments: Sequence[str], folder: Path) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 - the user's own git
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
