from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks import asking
from benchmarks.asking import Connection, keep_asking, summary


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent, in two pieces; /refuse refuses."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400 if self.path == "/refuse" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:3])
        self.wfile.write(body[3:])

    def log_message(self, *_: object) -> None:
        """Stays silent."""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_connection_is_kept_from_request_to_request(address: str) -> None:
    connection = Connection(address)
    body = b"x" * 100_000
    assert [connection.send(connection.request("/", body)) for _ in range(3)] == [body] * 3
    connection.close()


def test_refusal_is_told_with_its_words(address: str) -> None:
    connection = Connection(address)
    with pytest.raises(RuntimeError, match="400 Bad Request: no such flower"):
        connection.send(connection.request("/refuse", b"no such flower"))
    connection.close()


def test_every_client_asks_until_the_time_is_over() -> None:
    asked: list[int] = []

    def ask() -> None:
        asked.append(threading.get_ident())
        threading.Event().wait(0.001)

    result = keep_asking(lambda: ask, clients=3, seconds=0.1, instances=10)
    assert len(set(asked)) == 3
    assert 0.5 < result["p50_ms"] <= result["p99_ms"]
    assert result["instances_per_s"] == pytest.approx((len(asked) - 3 * asking._WARM_UP) * 10 / 0.1)


def test_client_that_fails_ends_the_measurement() -> None:
    def ask() -> None:
        raise OSError("refused")

    with pytest.raises(RuntimeError, match="A client failed: refused"):
        keep_asking(lambda: ask, clients=1, seconds=0.1, instances=1)


def test_summary_of_latencies() -> None:
    result = summary([0.001 * place for place in range(1, 101)], seconds=2.0, instances=3)
    assert result == {"p50_ms": pytest.approx(50.5), "p99_ms": pytest.approx(99.99), "instances_per_s": 150.0}
