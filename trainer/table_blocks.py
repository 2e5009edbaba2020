"""A table's bytes as UTF-8 text, cut between records, each cut knowing its physical line."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import IO, Any

import numpy as np

_BYTE_ORDER_MARKS = (  # the longer first: the mark of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SIGNATURES = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "compressed with gzip, though its name does not end in .gz"),
    (b"SQLite format 3", "an SQLite database"),
)


@dataclass(frozen=True)
class Block:
    """Whole records of a table.

    Attributes:
        data: Their text in UTF-8, without a byte-order mark.
        line: The physical line of the file, from 1, on which it begins.
        replaced: Whether bytes that the encoding does not know were replaced by U+FFFD.
    """

    data: bytes
    line: int
    replaced: bool = False


@dataclass(frozen=True)
class Fault:
    """What is wrong with the text itself.

    Attributes:
        line: Physical line, from 1; 0 for the file as a whole.
        sentence: What is wrong and what to do.
        fatal: Whether nothing behind it can be read.
    """

    line: int
    sentence: str
    fatal: bool = True


def read_blocks(stream: IO[bytes], encoding: str, delimiter: str, size: int) -> Iterator[Block | Fault]:
    """Cuts a table into blocks, reading it once.

    A line break inside a quoted cell never ends a block.

    Args:
        stream: The table's bytes.
        encoding: A Python codec name; a byte-order mark overrides it.
        delimiter: One ASCII character.
        size: How many bytes to read at a time. No record may be longer.

    Yields:
        Blocks in order, and the faults found on the way; a fatal one comes last.
    """
    chunk = stream.read(size)
    if foreign := _foreign(chunk, encoding):
        yield foreign
        return
    mark, encoding = next((pair for pair in _BYTE_ORDER_MARKS if chunk.startswith(pair[0])), (b"", encoding))
    decoder = _Decoder(encoding)
    pending, line = b"", 1
    while True:
        text, fault = decoder.decode(chunk.removeprefix(mark), final=not chunk)
        if fault is not None:
            yield Fault(line + line_breaks(pending + text[: fault[0]]), fault[1], fatal=False)
        pending += text
        end = _last_record_end(pending, delimiter, final=not chunk)
        if end:
            yield Block(pending[:end], line, decoder.replacing)
            line += line_breaks(pending[:end])
            pending = pending[end:]
        if pending and (not chunk or len(pending) > size):
            yield _endless(pending, line, delimiter)
            return
        if not chunk:
            return
        chunk, mark = stream.read(size), b""


def csv_reader(lines: Iterable[str], delimiter: str) -> Any:
    """A csv.reader that, like arrow's, takes cells of any length."""
    csv.field_size_limit(1 << 30)
    return csv.reader(lines, delimiter=delimiter)


def line_breaks(text: bytes) -> int:
    r"""How many line ends `text` holds: \n, \r\n or \r."""
    feeds = text.count(b"\n")
    returns = text.count(b"\r")
    return feeds + returns - text.count(b"\r\n") if returns else feeds


def _foreign(start: bytes, encoding: str) -> Fault | None:
    for signature, kind in _SIGNATURES:
        if start.startswith(signature):
            return Fault(0, f"is {kind}, not CSV. Save the table as CSV and give that file")
    marked = any(start.startswith(mark) for mark, _ in _BYTE_ORDER_MARKS)
    if not marked and encoding.lower().startswith(("utf-8", "utf8")) and len(start) >= 4:
        for codec, pattern in (("utf-16-le", start[1:40:2]), ("utf-16-be", start[0:40:2])):
            if not pattern.strip(b"\0"):
                return Fault(0, f'looks like UTF-16 without a byte-order mark. Set encoding = "{codec}" under [file]')
    return None


class _Decoder:
    """Turns the bytes of any encoding into UTF-8, chunk by chunk; after the first fault it replaces."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._plain = codecs.lookup(encoding).name in ("utf-8", "ascii")
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self.replacing = False

    def decode(self, chunk: bytes, final: bool) -> tuple[bytes, tuple[int, str] | None]:
        if self._plain and chunk.isascii() and not self._decoder.getstate()[0]:
            return chunk, None
        try:
            return self._decoder.decode(chunk, final).encode(errors="replace"), None
        except UnicodeDecodeError as error:
            data, start = bytes(error.object), error.start
        state = codecs.getincrementaldecoder(self._encoding)("replace")
        good = state.decode(data[:start]).encode(errors="replace")
        rest = state.decode(data[start:], final).encode(errors="replace")
        self._decoder, self.replacing = state, True
        sentence = (
            f"byte 0x{data[start]:02X} is not {self._encoding}. Save the file as UTF-8, or set encoding under [file] "
            'in the contract to what it is in, such as "cp1252"'
        )
        return good + rest, (len(good), sentence)


def _last_record_end(text: bytes, delimiter: str, final: bool) -> int:
    """Where the last whole record of `text` ends, given that `text` begins with a record; 0 if there is none."""
    if b'"' in text:
        quotes = _quotes(text, delimiter)
        if quotes is None:
            return _walk(text, delimiter, final)
        return _last_break_outside(text, quotes, final)
    if final:
        return len(text)
    feed = text.rfind(b"\n")
    return (feed if feed >= 0 else text.rfind(b"\r", 0, len(text) - 1)) + 1


def _quotes(text: bytes, delimiter: str) -> np.ndarray | None:
    """Positions of quotes that open and close by turns, or None where quotes stand inside unquoted cells."""
    codes = np.frombuffer(text, np.uint8)
    positions = np.flatnonzero(codes == ord('"'))
    neighbours = np.zeros(256, bool)
    neighbours[[ord('"'), ord(delimiter), ord("\n"), ord("\r")]] = True
    opening, closing = positions[0::2], positions[1::2]
    before = codes[opening[opening > 0] - 1]
    after = codes[closing[closing < len(codes) - 1] + 1]
    return positions if neighbours[before].all() and neighbours[after].all() else None


def _last_break_outside(text: bytes, quotes: np.ndarray, final: bool) -> int:
    codes = np.frombuffer(text, np.uint8)
    if final and len(quotes) % 2 == 0:
        return len(text)
    for mark in (b"\n", b"\r"):
        breaks = np.flatnonzero(codes == ord(mark))
        if mark == b"\r":
            breaks = breaks[breaks < len(codes) - 1]
        outside = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
        if outside.size:
            return int(outside[-1]) + 1
    return 0


def _walk(text: bytes, delimiter: str, final: bool) -> int:
    """As `_last_record_end`, for any text: the csv module reads record by record up to a sentinel of our own."""
    sentinel = "\0end of the text"
    if not final:
        text = text[: max(text.rfind(b"\n"), text.rfind(b"\r", 0, len(text) - 1)) + 1]
    lines = io.StringIO(text.decode("latin-1"), newline="").readlines()
    ends = [0, *accumulate(map(len, lines))]
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += "\n"
    reader = csv_reader([*lines, sentinel], delimiter)
    whole = end = 0
    for record in reader:
        whole, end = end, reader.line_num
        if record == [sentinel]:
            break
    return ends[whole]


def _endless(text: bytes, line: int, delimiter: str) -> Fault:
    """Says why the record with which `text` begins does not end in it."""
    quotes = _quotes(text, delimiter) if b'"' in text else np.empty(0, np.int64)
    if quotes is not None and len(quotes) % 2 == 0:
        return Fault(line, f"the line is longer than {len(text) >> 20} MiB. Check that the file is a table")
    if quotes is not None:
        line += line_breaks(text[: quotes[-1]])
    return Fault(line, "a quote opens a cell here and nothing closes it. Close it, or double a quote that belongs to a cell")
