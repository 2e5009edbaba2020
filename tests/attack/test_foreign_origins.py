"""Pages of other origins in a real browser, with all that a page can send: they read nothing, and change nothing."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response
from playwright.sync_api import Error as BrowserError

from tests.attack.api_kinds import KINDS, STORE
from tests.attack.attacked_emulator import AttackedEmulator
from tests.attack.foreign_site import ATTACK, PAGE, foreign_site
from tests.attack.scale import SCALE, tell
from tests.attack.storage_calls import StorageCalls
from tests.emulator.console.browser import chromium
from tests.emulator.vertex_emulator import LOCATION
from tests.patience import patience_s, turns

pytestmark = [pytest.mark.run, pytest.mark.timeout(600 + 60 * SCALE)]

BUCKET = "foreign"
ATTACKER = "attacker.example"
# The browser has sent all once nothing has been answered for so long.
QUIET_MS = 1_000
SCRIPT = (
    "document.title = 'broken in'; fetch('/storage/v1/b/foreign/o/kept', {method: 'DELETE'}); "
    "fetch('/foreign/broken-in', {method: 'PUT', body: 'x'});"
)
DOCUMENTS = {
    "page.html": (
        "text/html",
        f'<!doctype html><title>calm</title><script>{SCRIPT}</script><img src=x onerror="{SCRIPT}">',
    ),
    "picture.svg": ("image/svg+xml", f'<svg xmlns="http://www.w3.org/2000/svg"><script>{SCRIPT}</script></svg>'),
    "page.xhtml": (
        "application/xhtml+xml",
        f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>calm</title><script>{SCRIPT}</script></head></html>',
    ),
    "unnamed": ("", f"<!doctype html><script>{SCRIPT}</script>"),
}


class Target:
    """The emulator, with something in it that could be read or changed.

    Args:
        emulator: The emulator.
    """

    def __init__(self, emulator: AttackedEmulator) -> None:
        self.emulator = emulator
        self.calls = StorageCalls(emulator.running["storageAddress"], BUCKET)
        self.calls.make_bucket()
        self.calls.upload("media", "kept", b"kept")
        for name, (kind, text) in DOCUMENTS.items():
            self.calls.upload("media", name, text.encode())
            self.calls.patch(name, {"contentType": kind or None, "contentDisposition": "inline"})
        emulator.post(f"{LOCATION}/metadataStores?metadataStoreId={STORE.rpartition('/')[2]}", {})
        for one in KINDS.values():
            if one.mask:
                emulator.post(one.create, one.body("kept", 1))

    def state(self) -> dict[str, Any]:
        """All that there is."""
        listed = {name: self.emulator.get(kind.collection) for name, kind in KINDS.items()}
        buckets = self.calls.http.get("/storage/v1/b").json()
        return {**listed, "buckets": buckets, "objects": [*self.calls.listed()]}

    def foreign_calls(self) -> list[Any]:
        """The requests of the attack that the API has heard of."""
        requests = self.emulator.call("GET", "/_emulator/requests").json()["requests"]
        return [one for one in requests if "foreign" in json.dumps(one)]

    def aims(self, host: str) -> dict[str, Any]:
        """What is attacked, under a host's name."""
        api = f"http://{host}:{self.emulator.port}"
        storage = f"http://{host}:{self.emulator.storage_port}"
        upload = f"{storage}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name=foreign"
        endpoint = '{"displayName": "foreign"}'
        return {
            "reads": [
                f"{api}/v1/{LOCATION}/endpoints?filter=foreign",
                f"{api}/console",
                f"{api}/console/favicon.ico",
                f"{api}/console/_nicegui/3/static/nicegui.js",
                f"{storage}/{BUCKET}/page.html",
                f"{storage}/storage/v1/b/{BUCKET}/o/kept?alt=media",
            ],
            "writes": [
                [f"{api}/v1/{LOCATION}/endpoints?foreign", endpoint],
                [f"{api}/_emulator/reset?foreign", "{}"],
                [upload, "foreign"],
                [f"{storage}/{BUCKET}/kept?foreign", "foreign"],
                [f"{storage}/storage/v1/b/{BUCKET}/o/kept", '{"contentType": "foreign"}'],
            ],
            "sockets": [
                f"{api.replace('http', 'ws')}/console/_nicegui_ws/socket.io/?EIO=4&transport=websocket",
                f"{storage.replace('http', 'ws')}/",
            ],
            "patience": patience_s() * 1000,
        }


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    emulator = AttackedEmulator(tmp_path_factory.mktemp("foreign"))
    assert emulator.call("GET", "/console").status_code == 200
    made = Target(emulator)
    yield made
    made.calls.close()
    emulator.close()
    found = emulator.tracebacks()
    assert not found, found[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Chromium keeps pages from this machine's ports, others do not: what is tried here is the emulator's refusal.
    kept_off = (
        "LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,PrivateNetworkAccessRespectPreflightResults"
    )
    with chromium(f"--host-resolver-rules=MAP {ATTACKER} 127.0.0.1", f"--disable-features={kept_off}") as running:
        yield running


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    with foreign_site() as port:
        yield port


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(accept_downloads=True)
    made.set_default_timeout(patience_s() * 1000)
    yield made
    made.close()


class Heard:
    """What the browser was answered by the emulator's ports.

    Args:
        context: Where the attacking page is open.
        ports: The ports.
    """

    def __init__(self, context: BrowserContext, ports: set[str]) -> None:
        self._ports = ports
        self.answers: Counter[int] = Counter()
        self.read: list[str] = []
        context.on("response", self._note)

    def wait(self, page: Page) -> None:
        """Waits until nothing more is answered."""
        for _ in turns():
            before = self.answers.total()
            page.wait_for_timeout(QUIET_MS)
            if self.answers.total() == before:
                return

    def _note(self, answer: Response) -> None:
        if str(urlsplit(answer.url).port) not in self._ports:
            return
        self.answers[answer.status] += 1
        if answer.status != 403:
            self.read.append(f"{answer.status} {answer.request.method} {answer.request.resource_type} {answer.url}")


@pytest.mark.parametrize(
    ("page_host", "target_host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        (ATTACKER, "127.0.0.1"),
        (ATTACKER, ATTACKER),
        ("", ATTACKER),
    ],
    ids=[
        "another port",
        "another name of this machine",
        "another site",
        "a foreign name",
        "a name bound to the emulator",
    ],
)
def test_a_foreign_page_reads_and_changes_nothing(
    context: BrowserContext, target: Target, site: int, page_host: str, target_host: str
) -> None:
    before = target.state()
    page = context.new_page()
    heard = Heard(context, {target.emulator.port, target.emulator.storage_port})
    # Without a host of its own, the page is of the very origin that it attacks, under a name that it has bound to it.
    place = f"http://{page_host}:{site}/" if page_host else f"http://{ATTACKER}:{target.emulator.port}/foreign"
    if not page_host:
        page.route(place, lambda route: route.fulfill(body=PAGE.decode(), content_type="text/html"))
    page.goto(place)
    page.unroute_all()
    heard.read.clear()
    outcomes = page.evaluate(ATTACK, target.aims(target_host))
    heard.wait(page)
    told = Counter(outcome.partition(" ")[0] for _, outcome in outcomes)
    tell(f"foreign pages: {page_host or 'bound'} to {target_host}", tries=len(outcomes), outcomes=dict(told),
         answers=dict(heard.answers))  # fmt: skip
    assert target.state() == before
    assert target.foreign_calls() == []
    assert not heard.read, heard.read[:5]
    # Within one origin the browser tells a page that a refusal has come, as if it had loaded something.
    told_of_reading = ("read 2", "read e", "read w", *(["loaded"] if page_host else []))
    seen = [one for one in outcomes if one[1].startswith(told_of_reading)]
    assert not seen, seen[:5]
    assert told["silent"] == 0, [name for name, outcome in outcomes if outcome == "silent"][:5]
    assert not [outcome for _, outcome in outcomes if outcome.startswith("blind ") and outcome != "blind "]
    # What is refused before a page may know of it is no answer to the browser's own log.
    assert heard.answers[403] > 50


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("way", ["link", "opened window", "location", "direct"])
def test_a_document_of_the_store_runs_nothing(
    context: BrowserContext, target: Target, site: int, name: str, way: str
) -> None:
    before = target.state()
    storage = f"http://127.0.0.1:{target.emulator.storage_port}"
    for path in (f"{BUCKET}/{name}", f"download/storage/v1/b/{BUCKET}/o/{name}?alt=media"):
        page = context.new_page()
        page.goto(f"http://{ATTACKER}:{site}/")
        url = f"{storage}/{path}"
        steps = {
            "link": "url => Object.assign(document.createElement('a'), {href: url}).click()",
            "opened window": "url => { window.open(url) }",
            "location": "url => { location.href = url }",
        }
        if way == "opened window":
            with context.expect_page() as opened:
                page.evaluate(steps[way], url)
            shown = opened.value
        else:
            shown = page
            with page.expect_download() as download:
                if way == "direct":
                    # The browser gives the page up for the download.
                    with contextlib.suppress(BrowserError):
                        page.goto(url)
                else:
                    page.evaluate(steps[way], url)
            assert download.value.suggested_filename.startswith(name.partition(".")[0])
        assert "broken in" not in {one.title() for one in (page, shown) if not one.is_closed()}
        page.close()
    assert target.state() == before
