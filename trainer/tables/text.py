"""A table's bytes as UTF-8, whatever encoding they are in."""

from __future__ import annotations

import codecs

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
_UTF16_PROBE = 40


class TextDecoder:
    """Turns bytes into UTF-8, chunk by chunk; from the first undecodable byte on it replaces.

    Args:
        encoding: A Python codec name.

    Attributes:
        replacing: Whether bytes have been replaced by U+FFFD.
    """

    def __init__(self, encoding: str) -> None:
        self.replacing = False
        self._encoding = encoding
        self._plain = codecs.lookup(encoding).name in ("utf-8", "ascii")
        self._decoder = codecs.getincrementaldecoder(encoding)()

    def decode(self, chunk: bytes, final: bool) -> tuple[bytes, tuple[int, str] | None]:
        """Decodes the next bytes.

        Args:
            chunk: The bytes; a character may go on in the next chunk.
            final: Whether there is no next one.

        Returns:
            Their text in UTF-8 and, once, where in it the first undecodable byte stood and what is wrong.
        """
        if self._plain and chunk.isascii() and not self._decoder.getstate()[0]:
            return chunk, None
        try:
            return self._decoder.decode(chunk, final).encode(errors="replace"), None
        except UnicodeDecodeError as error:
            data, start = bytes(error.object), error.start
        self._decoder, self.replacing = codecs.getincrementaldecoder(self._encoding)("replace"), True
        good = self._decoder.decode(data[:start]).encode(errors="replace")
        rest = self._decoder.decode(data[start:], final).encode(errors="replace")
        sentence = (
            f"received the byte 0x{data[start]:02X}, which is not {self._encoding}. Save the file as UTF-8, "
            'or set encoding under [file] in the contract to what the file is in, such as "cp1252"'
        )
        return good + rest, (len(good), sentence)


def byte_order_mark(start: bytes) -> tuple[bytes, str] | None:
    """The byte-order mark with which a file begins, and the codec it stands for."""
    return next((pair for pair in _BYTE_ORDER_MARKS if start.startswith(pair[0])), None)


def unmarked_utf16(start: bytes) -> str:
    """The codec of a file that begins like UTF-16 without a byte-order mark; otherwise empty."""
    if len(start) > len(codecs.BOM_UTF32_LE) and byte_order_mark(start) is None:
        for codec, first in (("utf-16-le", 1), ("utf-16-be", 0)):
            if not start[first:_UTF16_PROBE:2].strip(b"\0"):
                return codec
    return ""


def foreign_format(start: bytes, encoding: str) -> str:
    """Why a file that begins with `start` is no text in `encoding`; empty if it may be."""
    for signature, kind in _SIGNATURES:
        if start.startswith(signature):
            return f"is {kind}, not text. Save the table as CSV and give that file"
    if codecs.lookup(encoding).name == "utf-8" and (codec := unmarked_utf16(start)):
        return f'is UTF-16 without a byte-order mark. Set encoding = "{codec}" under [file] in the contract'
    return ""
