from __future__ import annotations

import errno
import os
import sqlite3

from emulator.storage.application import refusal_of


def full_database() -> sqlite3.Error:
    """The error of a database that may have no more pages."""
    database = sqlite3.connect(":memory:")
    database.execute("PRAGMA max_page_count = 1")
    try:
        database.execute("CREATE TABLE objects (name TEXT)")
    except sqlite3.Error as error:
        return error
    raise AssertionError


def test_full_disk_is_refused_so_that_no_client_tries_again() -> None:
    for error in (full_database(), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))):
        refusal = refusal_of(error)
        assert (refusal.http_status, refusal.message) == (
            400,
            "The disk of the object store is full. Make room, and send it again.",
        )


def test_other_fault_of_the_disk_is_the_emulators_own() -> None:
    assert refusal_of(OSError(errno.EIO, "Input/output error")).http_status == 500
