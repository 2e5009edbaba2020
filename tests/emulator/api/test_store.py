from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.api.start_error import StartError
from emulator.api.store import Store, Table

WORDS: Table[str] = Table("words", encode=str, decode=str)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "state.sqlite3")
    yield opened
    opened.close()


def test_keeps_records_by_kind_and_name_under_their_parent(store: Store) -> None:
    other: Table[str] = Table("other", encode=str, decode=str)
    with store.transaction() as tx:
        tx.put(WORDS, "a/1/words/x", "first")
        tx.put(WORDS, "a/1/words/y", "second")
        tx.put(WORDS, "a/2/words/x", "elsewhere")
        tx.put(other, "a/1/words/x", "another kind")
        tx.put(WORDS, "a/1/words/x", "changed")
    with store.transaction() as tx:
        assert tx.get(WORDS, "a/1/words/x") == "changed"
        assert tx.children(WORDS, "a/1") == ["changed", "second"]
        assert list(tx.everything(other)) == ["a/1/words/x"]
        tx.delete_children(WORDS, "a/1")
        assert tx.children(WORDS, "a/1") == []
        assert tx.get(other, "a/1/words/x") == "another kind"


def test_an_exception_undoes_the_whole_transaction(store: Store) -> None:
    def write_and_stop() -> None:
        with store.transaction() as tx:
            tx.put(WORDS, "a/1/words/x", "lost")
            tx.next_number("c")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        write_and_stop()
    with store.transaction() as tx:
        assert tx.get(WORDS, "a/1/words/x") is None
        assert tx.next_number("c") == 1


def test_numbers_go_up_until_they_are_forgotten(store: Store) -> None:
    with store.transaction() as tx:
        assert [tx.next_number("c") for _ in range(3)] == [1, 2, 3]
        assert tx.next_number("d") == 1
        tx.forget_number("c")
        assert tx.next_number("c") == 1


def test_the_version_changes_with_writes_alone(store: Store) -> None:
    before = store.version
    with store.transaction() as tx:
        tx.get(WORDS, "a/1/words/x")
    assert store.version == before
    with store.transaction() as tx:
        tx.put(WORDS, "a/1/words/x", "x")
    assert store.version == before + 1


def test_threads_take_turns(store: Store) -> None:
    def count() -> None:
        for _ in range(50):
            with store.transaction() as tx:
                number: str | None = tx.get(WORDS, "a/1/words/n")
                tx.put(WORDS, "a/1/words/n", str(int(number or 0) + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.transaction() as tx:
        assert tx.get(WORDS, "a/1/words/n") == "200"


def test_what_was_written_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    first = Store(tmp_path / "state.sqlite3")
    with first.transaction() as tx:
        tx.put(WORDS, "a/1/words/x", "kept")
    second = Store(tmp_path / "state.sqlite3")
    with second.transaction() as tx:
        assert tx.get(WORDS, "a/1/words/x") == "kept"
        tx.erase()
    first.close()
    second.close()


@pytest.mark.parametrize("number", [1, 99])
def test_refuses_a_file_that_another_version_wrote(tmp_path: Path, number: int) -> None:
    with sqlite3.connect(tmp_path / "state.sqlite3") as connection:
        connection.execute(f"PRAGMA user_version = {number}")
    told = rf"written by another version of the emulator: its format is {number}, and this one reads 3\. Use that"
    with pytest.raises(StartError, match=told):
        Store(tmp_path / "state.sqlite3")


def test_refuses_a_file_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite3").write_text("something else entirely, long enough to be taken for a file of records")
    with pytest.raises(StartError, match=r"state.sqlite3 cannot be read: file is not a database. Remove it, or give"):
        Store(tmp_path / "state.sqlite3")


def filled(path: Path) -> None:
    store = Store(path)
    with store.transaction() as tx:
        for number in range(2000):
            tx.put(WORDS, f"a/1/words/{number}", "x" * 100)
    store.close()


@pytest.mark.parametrize("kept", [1000, 5000, 100_000])
def test_refuses_a_file_that_was_cut(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "state.sqlite3"
    filled(path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(StartError, match=r"state\.sqlite3 cannot be read: .*\. Remove it, or give another"):
        Store(path)


def test_refuses_a_file_with_a_damaged_page(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    filled(path)
    content = bytearray(path.read_bytes())
    content[40_000:80_000] = b"\xa5" * 40_000
    path.write_bytes(content)
    with pytest.raises(StartError, match=r"state\.sqlite3 cannot be read: "):
        Store(path)


@pytest.mark.parametrize("name", ["state.sqlite3", "state.sqlite3-wal"])
def test_refuses_a_folder_in_the_place_of_a_file(tmp_path: Path, name: str) -> None:
    filled(tmp_path / "state.sqlite3")
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).mkdir()
    with pytest.raises(StartError, match=r"state\.sqlite3 cannot be read: "):
        Store(tmp_path / "state.sqlite3")


@pytest.mark.parametrize("junk", [b"", b"\0" * 5000, b"junk" * 5000])
def test_a_damaged_log_of_writes_loses_nothing_that_was_in_the_file(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "state.sqlite3"
    filled(path)
    (tmp_path / "state.sqlite3-wal").write_bytes(junk)
    store = Store(path)
    with store.transaction() as tx:
        assert tx.get(WORDS, "a/1/words/1999") == "x" * 100
    store.close()


def test_an_empty_file_is_one_that_nothing_was_written_to(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite3").touch()
    store = Store(tmp_path / "state.sqlite3")
    with store.transaction() as tx:
        assert tx.everything(WORDS) == {}
    store.close()
