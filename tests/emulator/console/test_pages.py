"""The pages, in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.emulator.console.browser import PHONE, Visit, chromium
from tests.emulator.console.conftest import BUCKET, NASTY, Workplace
from tests.emulator.vertex_emulator import LOCATION

pytestmark = pytest.mark.run
OpenVisit = Callable[..., Visit]
RUNS = f"/console/{LOCATION}/pipelineJobs"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser: Browser, workplace: Workplace) -> Iterator[OpenVisit]:
    """Opens windows; none of them may have had any trouble."""
    visits: list[Visit] = []

    def open_visit(path: str, **options: bool) -> Visit:
        visits.append(Visit(browser, workplace.address, **options))
        visits[-1].open(path)
        return visits[-1]

    yield open_visit
    for one in visits:
        one.close()


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
        window.keep(f"{name}-{kind}")
        assert window.width <= (window.page.viewport_size or PHONE)["width"]
        assert window.troubles == []


def test_runs_are_filtered_sorted_and_compared(visit: OpenVisit) -> None:
    page = visit("/console").page
    table = page.get_by_role("table", name="Runs")
    expect(table.get_by_role("row")).to_have_count(4)
    page.get_by_label("State", exact=True).select_option("failed")
    expect(table.get_by_role("row")).to_have_count(2)
    assert page.url.endswith("?state=failed")
    page.get_by_label("State", exact=True).select_option("")
    page.get_by_label("Filter by name, pipeline or label").fill("git=cf76f21")
    expect(table.get_by_role("link", name="flowers", exact=True)).to_be_visible()
    expect(table.get_by_role("row")).to_have_count(2)
    page.get_by_label("Filter by name, pipeline or label").fill("nothing like it")
    expect(page.get_by_role("heading", name="No run matches")).to_be_visible()
    page.get_by_label("Filter by name, pipeline or label").fill("")
    page.get_by_role("button", name="Accuracy").click()
    expect(table.get_by_role("columnheader", name="Accuracy")).to_have_attribute("aria-sort", "descending")
    expect(table.locator("tbody tr").nth(0)).to_contain_text("0.9667")
    expect(table.locator("tbody tr").nth(1)).to_contain_text("0.8000")
    for place in (0, 1):
        table.locator("tbody input").nth(place).check()
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 runs side by side")
    differing = page.locator("tr.differs")
    expect(differing.filter(has_text="steps")).to_contain_text("200")
    expect(differing.filter(has_text="steps")).to_contain_text("100")
    expect(differing.filter(has_text="source")).to_have_count(0)
    page.get_by_label("Show only what differs").check()
    expect(page.locator("tr.same").first).to_be_hidden()


def test_run_page_tells_of_each_task(visit: OpenVisit) -> None:
    page = visit(f"{RUNS}/flowers-1").page
    graph = page.get_by_role("group", name="Graph of the run: 7 tasks")
    graph.get_by_role("button", name="Train the model: Succeeded").click()
    panel = page.get_by_role("region", name="Task", exact=True)
    expect(panel.get_by_role("heading", name="Train the model")).to_be_visible()
    expect(panel).to_contain_text("gs://console-bucket/root/flowers-1/train/training_log")
    expect(panel.get_by_role("region", name="Log of the task")).to_contain_text("trained for 200 steps")
    assert page.url.endswith("?task=train")
    page.reload()
    expect(panel.get_by_role("heading", name="Train the model")).to_be_visible()
    panel.get_by_role("link", name=re.compile("rows$")).click()
    expect(page.get_by_role("region", name="Content", exact=True).first).to_contain_text("1,2")


def test_run_page_draws_what_the_run_came_to(visit: OpenVisit) -> None:
    page = visit(f"{RUNS}/flowers-1").page
    decision = page.get_by_role("region", name="Decision")
    expect(decision).to_contain_text("Passed all 2 rules on 30 rows.")
    expect(decision.get_by_role("row", name=re.compile("floor"))).to_contain_text(">= 0.9000")
    expect(page.get_by_role("region", name="Metrics")).to_contain_text("0.9667")
    expect(page.get_by_role("region", name="Confusion matrix").get_by_role("cell", name="9")).to_be_visible()
    for label in ("ROC curve", "Training curves of accuracy", "Training curves of loss"):
        chart = page.get_by_role("img", name=re.compile(label))
        expect(chart.locator("svg path").first).to_be_attached()
    report = page.frame_locator("iframe")
    expect(report.get_by_role("heading", name="Evaluation")).to_be_visible()


def test_held_back_run_names_the_rule_and_its_numbers(visit: OpenVisit) -> None:
    page = visit(f"{RUNS}/flowers-2").page
    decision = page.get_by_role("region", name="Decision")
    expect(decision).to_contain_text("Kept back")
    expect(decision.get_by_role("row", name=re.compile("floor"))).to_contain_text("0.8000")
    expect(page.get_by_role("button", name="announce: Not run")).to_be_visible()
    page.get_by_role("button", name="Read <i>rows</i>: Cached").click()
    expect(page.get_by_role("region", name="Task", exact=True)).to_contain_text("taken from the cache")


def test_failed_run_names_the_task_and_its_own_error(visit: OpenVisit) -> None:
    page = visit(f"{RUNS}/broken-1").page
    expect(page.get_by_role("alert").first).to_contain_text("read-broken-rows failed. ")
    expect(page.get_by_role("alert").first).to_contain_text('broken.csv, line 5, column petal_length: "<b>wide</b>"')
    expect(page.get_by_role("button", name="train: Not run")).to_be_visible()


def test_run_page_follows_a_run_and_its_log(visit: OpenVisit, workplace: Workplace, tmp_path: Path) -> None:
    signal = tmp_path / "signal"
    workplace.submit("waiting-flowers", "waiting-1", {"path": str(signal)})
    page = visit(f"{RUNS}/waiting-1").page
    runs = visit("/console").page
    expect(page.get_by_role("button", name="wait-for: Running")).to_be_visible()
    expect(page.get_by_role("region", name="Log of the task")).to_contain_text("waiting")
    expect(runs.get_by_role("row", name=re.compile("waiting-1"))).to_contain_text("Running")
    page.get_by_role("button", name="wait-for: Running").focus()
    signal.touch()
    expect(page.get_by_role("button", name="announce: Succeeded")).to_be_visible()
    expect(page.get_by_role("button", name="wait-for: Succeeded")).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("waiting-flowers: Succeeded")
    expect(page).to_have_title(re.compile("^✓ waiting-flowers"))
    expect(runs.get_by_role("row", name=re.compile("waiting-1"))).to_contain_text("Succeeded")


def test_run_is_cancelled_after_a_question(visit: OpenVisit, workplace: Workplace, tmp_path: Path) -> None:
    workplace.submit("waiting-flowers", "waiting-2", {"path": str(tmp_path / "never")})
    page = visit(f"{RUNS}/waiting-2").page
    expect(page.get_by_role("button", name="wait-for: Running")).to_be_visible()
    page.get_by_role("button", name="Cancel the run").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_role("button", name="wait-for: Cancelled")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel the run")).to_be_hidden()


def test_model_page_leads_back_to_run_data_and_commit(visit: OpenVisit, workplace: Workplace) -> None:
    page = visit(f"/console/{LOCATION}/models").page
    page.get_by_role("link", name="flowers").click()
    expect(page.get_by_role("row", name=re.compile("Version 2"))).to_contain_text("0.9667")
    page.get_by_role("link", name="Version 1", exact=True).click()
    version = page.get_by_role("region", name="Version", exact=True)
    expect(version).to_contain_text("1d38b83")
    expect(version.get_by_role("link", name=re.compile("rows$"))).to_be_visible()
    expect(page.get_by_role("link", name=workplace.endpoint.rpartition("/")[2]).first).to_be_visible()
    version.get_by_role("link", name=NASTY).click()
    expect(page.get_by_role("group", name=re.compile("Graph of the run"))).to_be_visible()


def test_endpoint_page_tries_predictions(visit: OpenVisit, workplace: Workplace) -> None:
    page = visit(f"/console/{workplace.endpoint}").page
    expect(page.get_by_role("img", name="Traffic split. version 1: 75 %, version 2: 25 %")).to_be_visible()
    form = page.get_by_role("region", name="Try a prediction")
    instances = form.get_by_label("Instances, as JSON")
    assert json.loads(instances.input_value()) == [{"petal_length": 1.4}, {"petal_length": 4.7}]
    form.get_by_role("button", name="Predict").click()
    expect(form).to_contain_text("Answered by version")
    expect(form.get_by_role("cell", name="petal_length 4.7000")).to_be_visible()
    instances.fill('[{"petal_length": }]')
    form.get_by_role("button", name="Predict").click()
    expect(form.get_by_role("alert")).to_contain_text("This is no JSON: Expecting value at line 1, column 19.")
    instances.fill('[{"do": "fail", "status": 400}]')
    form.get_by_role("button", name="Predict").click()
    expect(form.get_by_role("alert")).to_contain_text("asked to fail")


def test_schedule_is_paused_and_resumed(visit: OpenVisit) -> None:
    page = visit(f"/console/{LOCATION}/schedules").page
    row = page.get_by_role("row", name=re.compile("yearly"))
    expect(row).to_contain_text("0 3 29 2 *")
    row.get_by_role("button", name="Pause yearly").click()
    expect(row).to_contain_text("Paused")
    expect(page.get_by_role("status")).to_have_text("yearly is paused")
    row.get_by_role("button", name="Resume yearly").click()
    expect(row).to_contain_text("Active")


def test_times_are_in_the_readers_zone_and_say_so(visit: OpenVisit, workplace: Workplace) -> None:
    page = visit(f"{RUNS}/broken-1").page
    started = workplace.emulator.get(f"{LOCATION}/pipelineJobs/broken-1")["startTime"]
    shown = page.get_by_role("region", name="Run", exact=True).locator("time").first
    assert str(shown.get_attribute("title"))[:19] == started[:19].replace("T", " ")
    expect(page.get_by_role("contentinfo")).to_contain_text("Times are in Europe/Berlin")


def test_names_and_logs_of_others_are_text_and_nothing_else(visit: OpenVisit) -> None:
    page = visit(f"{RUNS}/flowers-1").page
    expect(page.get_by_role("heading", level=1)).to_have_text(NASTY)
    expect(page.get_by_role("button", name="Read <i>rows</i>: Succeeded")).to_be_visible()
    page.get_by_role("button", name="Train the model: Succeeded").click()
    expect(page.get_by_role("region", name="Log of the task")).to_contain_text("<script>document.title='broken in'")
    expect(page.get_by_role("region", name="Confusion matrix")).to_contain_text("<img src=x onerror=")
    assert page.locator("img").count() == 0
    assert page.locator(".task-title i").count() == 0
    assert "broken in" not in page.title().removeprefix("✓ ").replace(NASTY, "")


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
