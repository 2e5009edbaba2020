"""Finding and opening tables: paths, globs, folders, URLs, packed files."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

from trainer.errors import DataError
from trainer.table_files import UnreadableFileError, expand, open_table

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file into the current folder and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write_file(name: str, content: bytes = b"data") -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return name

    return write_file


def test_expand_sorts_within_a_pattern_and_takes_each_file_once(write: Write) -> None:
    for name in ("c.csv", "b.csv", "part/d.csv.gz", "part/a.CSV", "part/e.txt", "part/.f.csv"):
        write(name)
    assert expand(["c.csv", "*.csv", "part", "./b.csv"]) == ["c.csv", "b.csv", "part/a.CSV", "part/d.csv.gz"]


def test_expand_takes_a_name_that_looks_like_a_pattern(write: Write) -> None:
    assert expand([write("[1] x::y*.csv")]) == ["[1] x::y*.csv"]


def test_expand_looks_below_folders_of_any_name(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = "it's [odd] #1 ü"
    write(f"{folder}/a.csv")
    assert expand([folder]) == [f"{folder}/a.csv"]
    assert expand(["**/*.csv"]) == [f"{folder}/a.csv"]
    monkeypatch.chdir(tmp_path / folder)
    assert expand(["*.csv"]) == ["a.csv"]
    with open_table("a.csv") as stream:
        assert stream.read() == b"data"


def test_expand_names_every_pattern_without_a_match(write: Write, tmp_path: Path) -> None:
    write("a.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError) as caught:
        expand(["a.csv", "b.csv", "c*.csv", "empty", "memory://none/*.csv", "nosuch://x"])
    assert caught.value.problems == (
        f"b.csv matches no file. Check the path, seen from {tmp_path}.",
        f"c*.csv matches no file. Check the path, seen from {tmp_path}.",
        f"empty matches no file. Check the path, seen from {tmp_path}.",
        "memory://none/*.csv matches no file. Check the path, seen from its bucket.",
        "nosuch://x cannot be looked up: Protocol not known: nosuch. Check the address.",
    )


def test_tables_lie_in_any_file_system() -> None:
    with fsspec.open("memory://tables/a.csv", "wb") as file:
        file.write(b"data")
    assert expand(["memory://tables/*.csv"]) == ["memory:///tables/a.csv"]
    assert expand(["memory://tables"]) == ["memory://tables/a.csv"]
    with open_table("memory://tables/a.csv") as stream:
        assert stream.read() == b"data"


def test_a_digest_is_that_of_the_bytes_in_store(write: Write) -> None:
    stored = gzip.compress(b"data", mtime=0)
    digest = hashlib.sha256()
    with open_table(write("a.csv.gz", stored), [digest]) as stream:
        assert stream.read(2) == b"da"
    assert digest.digest() == hashlib.sha256(stored).digest()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv.gz", b"data", "cannot be read: Not a gzipped file"),
        ("a.csv.gz", gzip.compress(b"data" * 9, mtime=0)[:-9], "cannot be read: Compressed file ended before"),
        ("a.csv.bz2", b"data", "cannot be read: Invalid data stream"),
        ("a.csv.xz", b"no archive at all", "cannot be read: Input format not supported by decoder"),
    ],
)
def test_a_broken_archive_is_refused(write: Write, name: str, content: bytes, reason: str) -> None:
    write(name, content)
    refusal = pytest.raises(UnreadableFileError, match=f"{reason}.*Check that the file is whole")
    with refusal, open_table(name) as stream:
        stream.read()


@pytest.mark.parametrize(("name", "reason"), [("b.csv", "No such file or directory"), ("part", "Is a directory")])
def test_a_file_that_cannot_be_opened_is_refused(write: Write, name: str, reason: str) -> None:
    write("part/a.csv")
    refusal = pytest.raises(UnreadableFileError, match=f"cannot be read: {reason}. Check its address")
    with refusal, open_table(name):
        pass
