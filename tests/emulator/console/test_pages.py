"""What holds for every page, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.emulator.console.browser import PHONE, OpenVisit, Visit
from tests.emulator.console.conftest import BUCKET, Workplace
from tests.emulator.vertex_emulator import LOCATION

pytestmark = pytest.mark.run
RUNS = f"/console/{LOCATION}/pipelineJobs"


PAGES: dict[str, Callable[[Workplace], str]] = {
    "runs": lambda _: "/console",
    "run": lambda _: f"{RUNS}/flowers-1",
    "held-back-run": lambda _: f"{RUNS}/flowers-2",
    "failed-run": lambda _: f"{RUNS}/broken-1",
    "comparison": lambda _: f"/console/compare?run={LOCATION}/pipelineJobs/flowers-1&run={RUNS[9:]}/flowers-2",
    "models": lambda _: f"/console/{LOCATION}/models",
    "model": lambda place: f"/console/{place.version}",
    "endpoints": lambda _: f"/console/{LOCATION}/endpoints",
    "endpoint": lambda place: f"/console/{place.endpoint}",
    "schedules": lambda _: f"/console/{LOCATION}/schedules",
    "schedule": lambda place: f"/console/{place.schedule}",
    "objects": lambda _: f"/console/objects?uri=gs://{BUCKET}/root/flowers-1",
    "object": lambda _: f"/console/objects?uri=gs://{BUCKET}/root/flowers-1/evaluate/decision",
    "no-runs": lambda _: "/console/projects/nobody/locations/us-central1/pipelineJobs",
    "no-models": lambda _: "/console/projects/nobody/locations/us-central1/models",
    "no-endpoints": lambda _: "/console/projects/nobody/locations/us-central1/endpoints",
    "no-schedules": lambda _: "/console/projects/nobody/locations/us-central1/schedules",
}


@pytest.fixture(scope="module")
def windows(browser: Browser, workplace: Workplace) -> Iterator[dict[str, Visit]]:
    """A desk's window in light and a phone's in dark, in which page after page is opened."""
    opened = {
        "desk": Visit(browser, workplace.address),
        "phone-dark": Visit(browser, workplace.address, phone=True, dark=True),
    }
    yield opened
    for one in opened.values():
        one.close()


@pytest.mark.parametrize("name", PAGES)
def test_page_loads_without_an_error_on_desk_and_phone_in_light_and_dark(
    name: str, windows: dict[str, Visit], workplace: Workplace
) -> None:
    for kind, window in windows.items():
        window.open(PAGES[name](workplace))
        expect(window.page.get_by_role("heading", level=1)).to_be_visible()
        expect(window.page.locator("html")).to_have_attribute("lang", "en-US")
        window.keep(f"{name}-{kind}")
        assert window.width <= (window.page.viewport_size or PHONE)["width"]
        assert window.troubles == []


@pytest.mark.parametrize("phone", [False, True])
def test_menu_leads_to_another_project(visit: OpenVisit, phone: bool) -> None:
    page = visit(f"/console/{LOCATION}/models", phone=phone).page
    page.get_by_text("p / us-central1").click()
    page.get_by_label("Project").fill("another")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("another / us-central1")).to_be_visible()
    expect(page.get_by_role("heading", name="No models yet")).to_be_visible()
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_text("There are no runs in project another, region us-central1.")).to_be_visible()


def test_times_are_in_the_readers_zone_and_say_so(visit: OpenVisit, workplace: Workplace) -> None:
    page = visit(f"{RUNS}/broken-1").page
    started = workplace.emulator.get(f"{LOCATION}/pipelineJobs/broken-1")["startTime"]
    shown = page.get_by_role("region", name="Run", exact=True).locator("time").first
    assert str(shown.get_attribute("title"))[:19] == started[:19].replace("T", " ")
    expect(page.get_by_role("contentinfo")).to_contain_text("Times are in Europe/Berlin")


def test_readers_choose_their_colours_and_find_them_again(visit: OpenVisit) -> None:
    window = visit("/console", dark=True)
    expect(window.page.locator("body.body--dark")).to_be_attached()
    window.page.get_by_label("Colours").select_option("light")
    expect(window.page.locator("body.body--light")).to_be_attached()
    window.open(f"{RUNS}/flowers-1")
    expect(window.page.locator("body.body--light")).to_be_attached()
    expect(window.page.get_by_label("Colours")).to_have_value("light")


def test_everything_is_reached_by_keyboard(visit: OpenVisit) -> None:
    page = visit(f"{RUNS}/flowers-1").page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        if reached[-1] == "Train the model: Succeeded":
            break
    assert reached[-1] == "Train the model: Succeeded"
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Train the model: Succeeded")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("region", name="Task", exact=True)).to_contain_text("training_log")
    expect(page.get_by_role("button", name="Train the model: Succeeded")).to_be_focused()


def test_what_is_not_there_is_told_in_a_sentence(browser: Browser, workplace: Workplace) -> None:
    window = Visit(browser, workplace.address)
    for path, heading in (
        (f"{RUNS}/nothing", "There is no such run"),
        (f"/console/{LOCATION}/models/77", "There is no such model"),
        (f"/console/{LOCATION}/endpoints/77", "There is no such endpoint"),
        (f"/console/{LOCATION}/schedules/77", "There is no such schedule"),
        (f"/console/{LOCATION}/flowers", "There is no such page"),
        ("/console/objects?uri=gs://nowhere/x", "There is no such object"),
    ):
        answer = window.open(path)
        assert answer is not None
        assert answer.status == 404
        expect(window.page.get_by_role("heading", name=heading)).to_be_visible()
    window.context.close()
