"""Hosts of Google's behind a proxy of the tests' own, with a certificate that only these tests trust."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

Answer = tuple[int, Mapping[str, Any]]

TOKEN = ("POST", "oauth2.googleapis.com/token")
_SIGNED_IN: Answer = (200, {"access_token": "token", "expires_in": 3600, "token_type": "Bearer"})
_NOT_THERE: Answer = (404, {"error": {"code": 404, "message": "Not found.", "status": "NOT_FOUND"}})


@dataclass
class GoogleHosts:
    """The hosts while they run.

    Attributes:
        variables: What a process needs to ask them, and to be signed in as `me@example.com`.
        answers: Status and JSON by method, host and path, such as `("GET", "storage.googleapis.com/storage/v1/b/x")`;
            or a function of the request's JSON.
        asked: The keys of `answers` that they were asked for, and others.
        broken: Hosts that answer every request with 500.
    """

    variables: dict[str, str]
    answers: dict[tuple[str, str], Answer | Callable[[Any], Answer]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def answer(self, method: str, url: str, body: Any) -> Answer:
        self.asked.append((method, url))
        if url.partition("/")[0] in self.broken:
            return 500, {}
        answer = self.answers.get((method, url), _NOT_THERE)
        return answer if isinstance(answer, tuple) else answer(body)


@contextmanager
def google_hosts(folder: Path) -> Iterator[GoogleHosts]:
    """Starts the hosts; their certificate and the credentials are written to a folder."""
    private, certificate = _write_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    hosts = GoogleHosts({}, {TOKEN: _SIGNED_IN})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(hosts, context)) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        hosts.variables |= {
            "HTTPS_PROXY": f"http://127.0.0.1:{server.server_address[1]}",
            "REQUESTS_CA_BUNDLE": str(certificate),
            "GOOGLE_APPLICATION_CREDENTIALS": str(_write_account(folder)),
        }
        yield hosts
        server.shutdown()
        thread.join()


def _handler(hosts: GoogleHosts, context: ssl.SSLContext) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            try:
                self.connection = context.wrap_socket(self.connection, server_side=True)
            except OSError:  # the client does not trust the certificate
                self.close_connection = True
                return
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
            self.close_connection = False

        def finish(self) -> None:
            super().finish()
            self.connection.close()

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            sent = self.rfile.read(length)
            is_json = "json" in self.headers.get("Content-Type", "")
            url = f"{self.headers['Host']}{self.path.partition('?')[0]}"
            status, document = hosts.answer(self.command, url, json.loads(sent) if sent and is_json else None)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_GET(self) -> None:
            self._answer()

        def do_HEAD(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *values: object) -> None:
            del values

    return Handler


def _write_certificate(folder: Path) -> tuple[Path, Path]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("*.googleapis.com")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private, public = folder / "host.key", folder / "host.pem"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return private, public


def _write_account(folder: Path) -> Path:
    file = folder / "account.json"
    about = {
        "type": "authorized_user",
        "client_id": "client",
        "client_secret": "secret",
        "refresh_token": "refresh",
        "quota_project_id": "my-project",
        "account": "me@example.com",
    }
    file.write_text(json.dumps(about))
    return file
