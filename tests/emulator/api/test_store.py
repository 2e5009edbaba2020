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
    told = rf"written by another version of the emulator: its format is {number}, and this one reads 2\. Use that"
    with pytest.raises(StartError, match=told):
        Store(tmp_path / "state.sqlite3")


def test_refuses_a_file_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite3").write_text("something else entirely, long enough to be taken for a file of records")
    with pytest.raises(StartError, match=r"state.sqlite3 cannot be read: file is not a database. Remove it, or give"):
        Store(tmp_path / "state.sqlite3")
