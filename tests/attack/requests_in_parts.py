"""A request in its parts, each of which an attack may change, and the bytes that it is."""

from __future__ import annotations

from dataclasses import dataclass, field

Header = tuple[bytes, bytes]


@dataclass
class Request:
    """One request.

    Attributes:
        port: `api` or `storage`.
        method: Its method.
        path: As it is sent.
        query: Names and values, as they are sent.
        headers: All but those that tell its length.
        body: Its body.
        length: What Content-Length says; None for the truth.
        chunks: How many chunks the body is sent in; 0 for none, with a Content-Length.
        raw: Whether it is sent as it stands in `body`, with no line or header of its own.
        cut: Of its bytes, the part that is sent: 1 for all.
        reads: Whether its client waits for the answer.
        may_be_unavailable: Whether 503 and 504 are right answers: a model server behind it may break.
    """

    port: str
    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: list[Header] = field(default_factory=list)
    body: bytes = b""
    length: bytes | None = None
    chunks: int = 0
    raw: bool = False
    cut: float = 1.0
    reads: bool = True
    may_be_unavailable: bool = False

    @property
    def target(self) -> str:
        """Path and query."""
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return f"{self.path}?{query}" if query else self.path

    def text(self) -> bytes:
        """All of its bytes."""
        if self.raw:
            return self.body
        line = f"{self.method} {self.target} HTTP/1.1".encode("utf-8", "surrogatepass")
        told = [b"%s: %s" % header for header in self.headers]
        if self.chunks:
            told.append(b"Transfer-Encoding: chunked")
        elif self.body or self.length is not None:
            told.append(b"Content-Length: %s" % (b"%d" % len(self.body) if self.length is None else self.length))
        return b"\r\n".join([line, *told, b"", b""]) + (self._in_chunks() if self.chunks else self.body)

    def _in_chunks(self) -> bytes:
        size = max(len(self.body) // self.chunks, 1)
        pieces = [self.body[place : place + size] for place in range(0, len(self.body), size)]
        return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"

    @property
    def is_whole(self) -> bool:
        """Whether all that it announces is sent, as far as this can be told."""
        return not self.raw and self.cut == 1.0 and self.length is None
