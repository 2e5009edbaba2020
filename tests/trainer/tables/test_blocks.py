"""Tables are cut between records, and each cut knows its line."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trainer.tables.blocks import Block, Fault, line_breaks, read_blocks, split_header

LONG = '1,"' + "line\n" * 20_000 + '",no\n'
UNCLOSED = "a quote opens a cell here and nothing closes it"


def blocks_and_faults(data: bytes, size: int, encoding: str = "utf-8") -> tuple[list[Block], list[Fault]]:
    found = list(read_blocks(io.BytesIO(data), encoding, ",", size))
    blocks = [item for item in found if isinstance(item, Block)]
    return blocks, [item for item in found if isinstance(item, Fault)]


def records(text: str) -> list[list[str]]:
    return [record for record in csv.reader(io.StringIO(text, newline="")) if record]


@settings(max_examples=500)
@given(st.text('ab,"\r\né', max_size=40), st.sampled_from([1, 2, 3, 7, 100]))
@example('"a\n\n"b,"\r\n"', 3)
def test_blocks_put_together_are_the_table(text: str, size: int) -> None:
    data = text.encode()
    blocks, faults = blocks_and_faults(data, size)
    whole = b"".join(block.data for block in blocks)
    assert data.startswith(whole)
    read = [record for block in blocks for record in records(block.data.decode())]
    assert read == records(text)[: len(read)]
    if not faults:
        assert whole == data
    before = 0
    for block in blocks:
        assert block.line == 1 + line_breaks(data[:before])
        before += len(block.data)


@settings(max_examples=200)
@given(
    st.lists(st.lists(st.text('ab,"\r\né', max_size=5), min_size=1, max_size=4), min_size=1, max_size=8),
    st.sampled_from(["\n", "\r\n"]),
)
def test_a_well_formed_table_has_no_fault(rows: list[list[str]], line_end: str) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(rows)
    data = text.getvalue().encode()
    longest = max(len(line) for line in data.split(b'"' + line_end.encode()))
    blocks, faults = blocks_and_faults(data, 4 * max(longest, 8))
    assert not faults
    assert [record for block in blocks for record in records(block.data.decode())] == rows


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a\n"b', 2),
        ('a\n\n"b\nc\n', 3),
        ('a\n"b","c\nd\n', 2),
        ('a\n"b\n\n","c\nd\n', 4),
        ('5" wide,"c\nd\n', 1),
        ('a\n"x"y"\n,"open\n', 3),
    ],
)
@pytest.mark.parametrize("size", [12, 1000])
def test_an_open_quote_is_told_where_it_opens(text: str, line: int, size: int) -> None:
    padded = text + "x\n" * 10
    [fault] = blocks_and_faults(padded.encode(), size)[1]
    assert (fault.line, fault.fatal) == (line, True)
    assert fault.sentence.startswith(UNCLOSED)


def test_an_undecodable_byte_is_told_once_and_reading_goes_on() -> None:
    blocks, [fault] = blocks_and_faults("a\né\né\n".encode("latin-1") * 5, 4)
    assert (fault.line, fault.fatal) == (2, False)
    assert fault.sentence.startswith("received the byte 0xE9, which is not utf-8. Save the file as UTF-8, or")
    assert b"".join(block.data for block in blocks).decode() == "a\n\ufffd\n\ufffd\n" * 5
    assert [block.replaced for block in blocks][-1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-be", "utf-32-le", "cp1252", "iso2022_jp", "shift_jis"])
def test_a_character_may_lie_across_two_chunks(encoding: str) -> None:
    text = "äé,ü\n" * 5 if encoding not in ("iso2022_jp", "shift_jis") else "日本,語\n" * 5
    for size in range(1, 9):
        blocks, _ = blocks_and_faults(text.encode(encoding), size, encoding)
        assert text.startswith("".join(block.data.decode() for block in blocks))
    blocks, faults = blocks_and_faults(text.encode(encoding), 64, encoding)
    assert not faults
    assert "".join(block.data.decode() for block in blocks) == text


def test_a_file_that_ends_inside_a_character_is_told() -> None:
    _, [fault] = blocks_and_faults("a\nü".encode()[:-1], 100)
    assert fault.line == 2
    assert "0xC3" in fault.sentence


@pytest.mark.parametrize(
    ("header", "row"),
    [("x,c,y\n", "1,,no\n"), ("x,c,y\n", LONG), ("x,c,y\r\n", LONG), (LONG, "2,,no\n")],
)
@pytest.mark.parametrize("blank_lines", [0, 2])
def test_header_and_first_row_are_whole_however_long(header: str, row: str, blank_lines: int) -> None:
    blank = " \n" * blank_lines
    first, second, line, rest = split_header(Block(f"{blank}{header}{row}3,,yes\n".encode(), 1), ",")
    assert (first, second, line) == (header, row, 1 + blank_lines)
    assert rest.data.decode() == f"{row}3,,yes\n"
    assert rest.line == 1 + blank_lines + header.count("\n")


def test_header_alone_is_taken() -> None:
    first, second, line, rest = split_header(Block(b"x,c,y\n", 1), ",")
    assert (first, second, line, rest.data) == ("x,c,y\n", "", 1, b"")
