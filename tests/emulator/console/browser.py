"""A real browser, headless, and what it must not see: errors, failed requests, and requests to elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, ViewportSize, expect, sync_playwright

from tests.patience import patience_s

NAMES = ("chromium", "chromium-browser", "google-chrome")
# The pages as they were drawn, for whoever wants to look at them.
SCREENSHOTS = Path(__file__).resolve().parents[3] / "build" / "screenshots"
PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1360, height=900)


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Headless Chromium.

    Args:
        flags: Further flags of its command line.
    """
    path = next((found for found in map(shutil.which, NAMES) if found), None)
    if path is None:
        pytest.fail("The console is tested in Chromium, which is not installed. On Debian: apt-get install chromium.")
    with sync_playwright() as playwright:
        expect.set_options(timeout=patience_s() * 1000)
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage", *flags]
        )
        yield browser
        browser.close()


class Visit:
    """One reader's window.

    Args:
        browser: The browser.
        address: Where the emulator is.
        dark: Whether the system's colours are dark.
        phone: Whether the screen is a phone's.
    """

    def __init__(self, browser: Browser, address: str, dark: bool = False, phone: bool = False) -> None:
        self._address = address
        self.context: BrowserContext = browser.new_context(
            viewport=PHONE if phone else DESKTOP,
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id="Europe/Berlin",
        )
        self.context.set_default_timeout(patience_s() * 1000)
        self.page: Page = self.context.new_page()
        self.troubles: list[str] = []
        self.page.on("console", lambda message: self._note(message.type in {"error", "warning"}, message.text))
        self.page.on("pageerror", lambda error: self._note(True, str(error)))
        self.page.on("requestfailed", lambda request: self._note(True, f"{request.url} {request.failure}"))
        self.page.on("request", lambda request: self._note(not self._is_own(request.url), f"leaves: {request.url}"))
        self.page.on("response", lambda answer: self._note(answer.status >= 400, f"{answer.status} {answer.url}"))

    def _note(self, is_trouble: bool, text: str) -> None:
        if is_trouble:
            self.troubles.append(text)

    def _is_own(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in {"data", "blob", "about"} or parts.netloc == urlsplit(self._address).netloc

    def open(self, path: str) -> Response | None:
        """Opens a page of the console and waits until it is alive: drawn, and joined to the emulator."""
        answer = self.page.goto(f"{self._address}{path}")
        self.page.locator("#content").wait_for()
        self.page.wait_for_function("window.did_handshake === true")
        return answer

    @property
    def width(self) -> int:
        """How wide the page is; wider than the window where it must be scrolled sideways."""
        return int(self.page.evaluate("document.documentElement.scrollWidth"))

    def keep(self, name: str) -> None:
        """Keeps a picture of the page."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, animations="disabled")

    def close(self) -> None:
        """Closes the window; nothing may have gone wrong in it."""
        self.context.close()
        assert self.troubles == []


OpenVisit = Callable[..., Visit]
"""Opens a window at a path of the console: `visit("/console", phone=True, dark=True)`."""
