from __future__ import annotations

import errno
import os

import pytest

from trainer.system_errors import sentence_of


@pytest.mark.parametrize(
    ("number", "beginning"),
    [
        (errno.ENOSPC, "a.csv cannot be written: the disk is full. Make room"),
        (errno.EDQUOT, "a.csv cannot be written: your share of the disk is used up. Make room"),
        (errno.EROFS, "a.csv cannot be written: its disk admits no writing. Give another place."),
        (errno.EACCES, "a.csv may not be used by you. Change its permissions"),
        (errno.ENOENT, "a.csv is not there. Check the path."),
        (errno.EISDIR, "a.csv is a folder, where a file is wanted. Check the path."),
        (errno.EMFILE, "a.csv cannot be opened: too many files are open. `ulimit -n 4096`"),
        (errno.ENOMEM, "Memory ran out. Close what else needs it"),
        (errno.EXDEV, "a.csv: Invalid cross-device link. Mend that, and run again."),
    ],
)
def test_error_of_a_file_names_it_and_what_to_do(number: int, beginning: str) -> None:
    assert sentence_of(OSError(number, os.strerror(number), "a.csv")).startswith(beginning)


def test_error_without_a_file_has_the_librarys_own_words() -> None:
    nowhere = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")
    assert sentence_of(nowhere) == "No usable temporary directory found in ['/tmp']. Mend that, and run again."
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    assert sentence_of(refused).startswith("Something cannot be reached or read: Connection refused. Check the network")
    assert sentence_of(MemoryError()).startswith("Memory ran out.")
