"""What pages of other sites can do to the console and the API behind it, in a real browser: nothing."""

from __future__ import annotations

import http.server
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.emulator.console.browser import chromium
from tests.emulator.console.conftest import BUCKET, NASTY, Workplace
from tests.emulator.vertex_emulator import LOCATION

pytestmark = pytest.mark.run
# Where the script of a page joins it.
SOCKET = "/console/_nicegui_ws/socket.io/?EIO=4&transport=websocket&client_id=c&tab_id=t&document_id=d"
# Each try tells what it came to; `get` and `post` are answered to nobody, the others must fail to load.
ATTACK = """async (address) => {
  const tried = (step) => step().then((answer) => `read ${answer}`, () => "refused");
  const loaded = (name, fields) => new Promise((resolve) => {
    const element = Object.assign(document.createElement(name), fields);
    element.onload = () => resolve("loaded");
    element.onerror = () => resolve("refused");
    document.body.append(element);
  });
  const socket = (url) => new Promise((resolve) => {
    const opened = new WebSocket(url);
    opened.onopen = () => resolve("opened");
    opened.onerror = () => resolve("refused");
  });
  const jobs = `${address}/v1/LOCATION/pipelineJobs`;
  return {
    get: await tried(async () => (await fetch(jobs)).text()),
    blind: await tried(async () => (await fetch(jobs, { mode: "no-cors" })).text()),
    post: await tried(async () => (await fetch(`${address}/_emulator/reset`, { method: "POST" })).text()),
    script: await loaded("script", { src: `${address}/console/_nicegui/3/static/nicegui.js` }),
    image: await loaded("img", { src: `${address}/console/favicon.ico` }),
    socket: await socket(address.replace("http", "ws") + "SOCKET"),
  };
}""".replace("LOCATION", LOCATION).replace("SOCKET", SOCKET)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium("--host-resolver-rules=MAP attacker.example 127.0.0.1") as running:
        yield running


@pytest.fixture(scope="module")
def foreign_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another site on this machine: an empty page, and one that shows the console in a frame."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text("<!doctype html><title>foreign</title><body></body>")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=folder)  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "attacker.example"])
def test_foreign_page_reads_and_sends_nothing(page: Page, foreign_site: str, workplace: Workplace, host: str) -> None:
    page.goto(f"http://{foreign_site.replace('127.0.0.1', host)}/index.html")
    tried = page.evaluate(ATTACK, workplace.address)
    assert tried.pop("blind") in {"refused", "read "}  # opaque: it reads as nothing
    assert set(tried.values()) == {"refused"}, tried
    assert workplace.emulator.get(f"{LOCATION}/pipelineJobs/flowers-1")["name"]  # nothing was reset


def test_foreign_page_shows_no_console_in_a_frame(page: Page, foreign_site: str, workplace: Workplace) -> None:
    page.goto(f"http://{foreign_site}/index.html")
    frame = "src => document.body.append(Object.assign(document.createElement('iframe'), {src}))"
    with page.expect_response(re.compile("/console$")) as answer:
        page.evaluate(frame, f"{workplace.address}/console")
    assert answer.value.status == 403


def test_console_under_a_foreign_name_is_refused(page: Page, workplace: Workplace) -> None:
    answer = page.goto(f"{workplace.address.replace('127.0.0.1', 'attacker.example')}/console")
    assert answer is not None
    assert answer.status == 403


def test_link_from_a_foreign_page_is_followed(page: Page, foreign_site: str, workplace: Workplace) -> None:
    page.goto(f"http://{foreign_site}/index.html")
    page.evaluate("href => document.body.append(Object.assign(document.createElement('a'), {href, text: 'go'}))",
                  f"{workplace.address}/console")  # fmt: skip
    page.get_by_text("go").click()
    page.get_by_role("heading", name="Runs").wait_for()


def handshake(address: str, **headers: str) -> str:
    """The status line that answers a websocket's handshake."""
    host, _, port = urlsplit(address).netloc.partition(":")
    fields = {"Host": f"{host}:{port}", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    fields |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} | headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"GET {SOCKET} HTTP/1.1\r\n{lines}\r\n".encode())
        return connection.recv(1024).decode("latin-1").splitlines()[0]


def test_websockets_are_for_the_own_page_alone(workplace: Workplace) -> None:
    address = workplace.address
    assert "101" in handshake(address, Origin=address)
    assert "403" in handshake(address, Origin="https://attacker.example")
    assert "403" in handshake(address, Origin="null")
    assert "403" in handshake(address, Host="attacker.example")


def test_reports_run_nothing_and_downloads_are_no_pages(page: Page, workplace: Workplace, tmp_path: Path) -> None:
    workplace.bucket.blob("nasty.html").upload_from_string(f"<title>calm</title><h1>Report</h1>{NASTY}")
    uri = f"gs://{BUCKET}/nasty.html"
    answer = page.goto(f"{workplace.address}/console/report?uri={uri}")
    assert answer is not None
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert page.title() == "calm"
    page.goto(f"{workplace.address}/console/objects?uri={uri}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    download.value.save_as(tmp_path / "saved")
    assert download.value.suggested_filename == "nasty.html"
    assert (tmp_path / "saved").read_text() == f"<title>calm</title><h1>Report</h1>{NASTY}"


def test_every_page_forbids_requests_to_elsewhere(workplace: Workplace) -> None:
    answer = workplace.emulator.call("GET", "/console")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers
