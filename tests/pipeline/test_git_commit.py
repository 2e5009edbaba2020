from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.config import RunConfig
from pipeline.git_commit import Commit, commit_behind, commit_of, with_commit

GIT = shutil.which("git") or "git"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run([GIT, *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    git("commit", "--allow-empty", "--message", "first")
    return tmp_path


def test_commit_is_that_of_the_repository(repository: Path) -> None:
    commit = with_commit(RunConfig(), repository).git_sha
    assert len(commit) == 40
    assert RunConfig(git_sha=commit).git_sha == commit_of(repository)


def test_commit_that_was_given_wins(repository: Path) -> None:
    assert with_commit(RunConfig(git_sha="abc"), repository).git_sha == "abc"


def test_commit_is_told_with_what_differs_from_it(repository: Path) -> None:
    commit = commit_of(repository)
    assert commit_behind(RunConfig(), repository) == Commit(commit, is_dirty=False)
    (repository / "new.py").write_text("")
    assert commit_behind(RunConfig(), repository) == Commit(commit, is_dirty=True)
    assert commit_behind(RunConfig(git_sha=commit), repository) == Commit(commit, is_dirty=True)
    assert commit_behind(RunConfig(git_sha="abc"), repository) == Commit("abc", is_dirty=None)
    for given in ("", commit):
        assert with_commit(RunConfig(git_sha=given), repository).git_sha == f"{commit}-dirty"


def test_folder_in_another_repository_has_no_commit_of_its_own(repository: Path) -> None:
    (repository / "project").mkdir()
    assert commit_of(repository / "project") == ""


def test_no_commit_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert commit_of(tmp_path) == ""
    assert commit_behind(RunConfig(), tmp_path) == Commit("")
    subprocess.run([GIT, "init"], cwd=tmp_path, check=True, capture_output=True)
    assert commit_of(tmp_path) == ""
    monkeypatch.setenv("PATH", "")
    assert commit_of(tmp_path) == ""
