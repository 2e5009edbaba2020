"""A table's text, cut between records, each cut knowing its physical line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import IO, Any

import numpy as np

from trainer.tables.text import TextDecoder, byte_order_mark, foreign_format

WHOLE_FILE = 0
# Far more than the first two records take; only a table whose records are longer is looked at further.
_HEADER_BYTES = 1 << 16
_SENTINEL = "\0end of the text"


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
        line: Physical line, from 1; or `WHOLE_FILE`.
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
    mark, encoding = byte_order_mark(chunk) or (b"", encoding)
    if foreign := foreign_format(chunk, encoding):
        yield Fault(WHOLE_FILE, foreign)
        return
    decoder = TextDecoder(encoding)
    pending, line = b"", 1
    while True:
        final = not chunk
        text, undecodable = decoder.decode(chunk.removeprefix(mark), final)
        if undecodable is not None:
            offset, sentence = undecodable
            yield Fault(line + line_breaks(pending + text[:offset]), sentence, fatal=False)
        pending += text
        end = _last_record_end(pending, delimiter, final)
        if end:
            yield Block(pending[:end], line, decoder.replacing)
            line += line_breaks(pending[:end])
            pending = pending[end:]
        if pending and (final or len(pending) > size):
            yield _endless(pending, line, delimiter)
            return
        if final:
            return
        chunk, mark = stream.read(size), b""


def split_header(block: Block, delimiter: str) -> tuple[str, str, int, Block]:
    """Takes the first record off a table's first block.

    Returns:
        The text of the first two records that are not blank, empty where there is none, the physical line of
        the first, and the block behind it.
    """
    beginning = block.data[: block.data.rfind(b"\n", 0, _HEADER_BYTES) + 1]
    taken, spans = _first_records(beginning, delimiter)
    # A record that ends where the beginning does may go on behind it.
    if len(spans) < 2 or len("".join(taken).encode()) == len(beginning):
        taken, spans = _first_records(block.data, delimiter)
    first, second = ["".join(taken[slice(*span)]) for span in [*spans, (0, 0), (0, 0)][:2]]
    begin, end = spans[0] if spans else (0, 0)
    behind = len("".join(taken[:end]).encode())
    return first, second, block.line + begin, Block(block.data[behind:], block.line + end, block.replaced)


def _first_records(data: bytes, delimiter: str) -> tuple[list[str], list[tuple[int, int]]]:
    """The first lines of a text, and where among them its first two records stand that are not blank."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(data.decode(), newline=""):
            taken.append(line)
            yield line

    spans: list[tuple[int, int]] = []
    begin = 0
    for record in csv_reader(lines(), delimiter):
        if any(cell.strip() for cell in record):
            spans.append((begin, len(taken)))
        begin = len(taken)
        if len(spans) == 2:
            break
    return taken, spans


def csv_reader(lines: Iterable[str], delimiter: str) -> Any:
    """A csv.reader that, like arrow's, takes cells of any length."""
    csv.field_size_limit(1 << 30)
    return csv.reader(lines, delimiter=delimiter)


def read_record(text: str, delimiter: str) -> list[str]:
    """The cells of a text that is one record, read as a line of a table is; none of a blank one.

    Raises:
        ValueError: It is none; the message says why.
    """
    try:
        records = list(csv_reader([text, _SENTINEL], delimiter))
    except csv.Error as error:
        raise ValueError("a line break stands outside of quotes") from error
    if len(records) < 2:
        raise ValueError("a quote opens a cell and nothing closes it")
    cells: list[str] = records[0]
    return cells


def line_breaks(text: bytes) -> int:
    r"""How many line ends `text` holds: \n, \r\n or \r."""
    feeds = text.count(b"\n")
    returns = text.count(b"\r")
    return feeds + returns - text.count(b"\r\n") if returns else feeds


def _last_record_end(text: bytes, delimiter: str, final: bool) -> int:
    """Where the last whole record of `text` ends, which begins with one; 0 if there is none."""
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
    """As `_last_record_end`, for any text: the csv module reads its records up to a sentinel."""
    if not final:
        text = text[: max(text.rfind(b"\n"), text.rfind(b"\r", 0, len(text) - 1)) + 1]
    lines = io.StringIO(text.decode("latin-1"), newline="").readlines()
    ends = [0, *accumulate(map(len, lines))]
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += "\n"
    reader = csv_reader([*lines, _SENTINEL], delimiter)
    whole = end = 0
    for record in reader:
        whole, end = end, reader.line_num
        if record == [_SENTINEL]:
            break
    return ends[whole]


def _endless(text: bytes, line: int, delimiter: str) -> Fault:
    """Says why the record with which `text` begins does not end in it."""
    text += b"\n"
    lines = io.StringIO(text.decode("latin-1"), newline="")
    records = list(csv_reader(chain(lines, [_SENTINEL]), delimiter))
    if len(records) > 1:
        return Fault(line, f"is longer than {len(text) >> 20} MiB. Check that the file is a table")
    opened = line + line_breaks(text) - line_breaks(records[0][-1].encode())
    return Fault(
        opened,
        "a quote opens a cell here and nothing closes it. Close it, or double a quote that belongs to a cell",
    )
