"""The file that has what a task wrote: its lines from either end, however large it is and whatever it holds."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, NamedTuple

# As much as an entry of Cloud Logging may have. The file itself has the rest.
LONGEST_LINE = 256 * 1024
_CHUNK = 1 << 20

Place = tuple[int, int]
"""A place between two lines: how many lines and how many bytes lie before it."""
START: Place = (0, 0)


class LogLine(NamedTuple):
    """A line of a log, as a filter sees it.

    Attributes:
        job: The number of the custom job.
        log_id: What Cloud Logging calls the log: the replica that wrote it.
        before: The place before it.
        after: The place behind it.
        time: When it was written at the earliest.
    """

    job: str
    task: str
    log_id: str
    before: Place
    after: Place
    time: datetime
    text: str


@dataclass(frozen=True)
class TaskLogFile:
    """The log of one task. Its lines carry no times: they follow each other from the task's start on.

    Attributes:
        job: The number of the custom job.
        task: The task's name, or that of the replica of a custom job.
        log_id: The replica.
        begun: When it began.
        has_ended: Whether the task writes no more; until then a line that is still being written is left out.
    """

    job: str
    task: str
    log_id: str
    begun: datetime
    path: Path
    has_ended: bool

    def forwards(self, place: Place = START) -> Iterator[LogLine]:
        """Its lines from a place on."""
        file = _opened(self.path)
        if file is None:
            return
        with file:
            file.seek(place[1])
            while raw := file.readline(LONGEST_LINE):
                length, last = len(raw), raw
                while not last.endswith(b"\n") and (last := file.readline(_CHUNK)):
                    length += len(last)
                if not last and not self.has_ended:
                    return
                line = self._line(place, length, raw)
                yield line
                place = line.after

    def backwards(self, place: Place = START) -> Iterator[LogLine]:
        """Its lines before a place, the last one first; before its end where the place is its start."""
        file = _opened(self.path)
        if file is None:
            return
        with file:
            number, end = place if place != START else _end(file, self.has_ended)
            for begin in _beginnings(file, end):
                number -= 1
                file.seek(begin)
                yield self._line((number, begin), end - begin, file.read(min(end - begin, LONGEST_LINE)))
                end = begin

    def _line(self, before: Place, length: int, raw: bytes) -> LogLine:
        """A line, given the bytes that it begins with."""
        number, begin = before
        text = raw.decode("utf-8", "replace").rstrip("\r\n")
        if length > len(raw):
            text += f"... ({length - len(raw)} more bytes)"
        time = self.begun + timedelta(microseconds=number)
        return LogLine(self.job, self.task, self.log_id, before, (number + 1, begin + length), time, text)


def _opened(path: Path) -> BinaryIO | None:
    """The file; None where there is none. Tasks can put anything there: a link or a pipe is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return os.fdopen(descriptor, "rb")


def _end(file: BinaryIO, has_ended: bool) -> Place:
    """The place behind the last line."""
    lines = size = end = 0
    file.seek(0)
    while chunk := file.read(_CHUNK):
        lines += chunk.count(b"\n")
        if b"\n" in chunk:
            end = size + chunk.rindex(b"\n") + 1
        size += len(chunk)
    return (lines + 1, size) if has_ended and end < size else (lines, end)


def _beginnings(file: BinaryIO, end: int) -> Iterator[int]:
    """Where the lines before a place begin, the last one first."""
    start, chunk = end, b""
    while end:
        # The line's own end does not count.
        found = chunk.rfind(b"\n", 0, max(0, end - 1 - start))
        while found < 0 and start:
            size = min(_CHUNK, start)
            start -= size
            file.seek(start)
            chunk = file.read(size)
            found = chunk.rfind(b"\n", 0, max(0, end - 1 - start))
        end = start + found + 1 if found >= 0 else 0
        yield end
