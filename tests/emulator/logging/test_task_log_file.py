from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.logging.task_log_file import LONGEST_LINE, LogLine, TaskLogFile


def log(path: Path, has_ended: bool = True) -> TaskLogFile:
    return TaskLogFile("1", "train", "workerpool0-0", datetime(2026, 1, 1, tzinfo=UTC), path, has_ended)


def link_to_hosts(path: Path) -> None:
    path.symlink_to("/etc/hosts")


def leave_out(path: Path) -> None:
    assert not path.exists()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "log.txt"


@given(content=st.lists(st.sampled_from([b"\n", b"x", b"\xff", b"\r\n", "é".encode()])), has_ended=st.booleans())
def test_backwards_are_the_lines_of_forwards(file: Path, content: list[bytes], has_ended: bool) -> None:
    file.write_bytes(b"".join(content))
    forwards = [*log(file, has_ended).forwards()]
    assert [*log(file, has_ended).backwards()] == forwards[::-1]
    for index, line in enumerate(forwards):
        assert [*log(file, has_ended).forwards(line.after)] == forwards[index + 1 :]
        if index:
            assert [*log(file, has_ended).backwards(line.before)] == forwards[:index][::-1]


def test_lines_longer_than_what_is_read_at_once_are_cut(file: Path) -> None:
    file.write_bytes(b"first\n" + b"x" * 3_000_000 + b"\nlast\n" + b"y" * 2_000_000)
    texts = ["first", f"{'x' * LONGEST_LINE}... ({3_000_001 - LONGEST_LINE} more bytes)", "last"]
    assert [line.text for line in log(file, has_ended=False).forwards()] == texts
    assert [line.text for line in log(file, has_ended=False).backwards()] == texts[::-1]
    texts.append(f"{'y' * LONGEST_LINE}... ({2_000_000 - LONGEST_LINE} more bytes)")
    assert [line.text for line in log(file).forwards()] == texts
    assert [line.text for line in log(file).backwards()] == texts[::-1]


@pytest.mark.parametrize("make", [link_to_hosts, os.mkfifo, os.mkdir, leave_out])
@pytest.mark.parametrize("read", [TaskLogFile.forwards, TaskLogFile.backwards])
def test_what_is_no_file_has_no_lines(
    tmp_path: Path, make: Callable[[Path], Any], read: Callable[[TaskLogFile], list[LogLine]]
) -> None:
    make(tmp_path / "log.txt")
    assert [*read(log(tmp_path / "log.txt"))] == []
