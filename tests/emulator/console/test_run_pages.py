"""Runs: the list, the comparison, the page of one, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.emulator.console.browser import OpenVisit
from tests.emulator.console.conftest import NASTY, Workplace
from tests.emulator.vertex_emulator import LOCATION

pytestmark = pytest.mark.run
RUNS = f"/console/{LOCATION}/pipelineJobs"


def test_runs_are_filtered_sorted_and_compared(visit: OpenVisit) -> None:
    page = visit("/console").page
    table = page.get_by_role("table", name="Runs")
    expect(table.get_by_role("row")).to_have_count(4)
    page.get_by_label("State", exact=True).select_option("failed")
    expect(table.get_by_role("row")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?state=failed$"))
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


def test_runs_are_selected_and_sorted_on_a_phone(visit: OpenVisit) -> None:
    page = visit("/console", phone=True).page
    page.get_by_label("Sort by").select_option("run")
    page.get_by_label("Select broken-flowers").check()
    page.get_by_label("Select flowers").check()
    bar = page.get_by_role("region", name="Selected runs")
    expect(bar.get_by_role("link", name="Compare")).to_be_visible()
    bar.get_by_role("button", name="Clear").click()
    expect(bar).to_be_hidden()
    expect(page.get_by_label("Select broken-flowers")).not_to_be_checked()


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
    expect(
        page.get_by_role("region", name="Importance").get_by_role("row", name=re.compile("petal_width"))
    ).to_contain_text("0.7500")
    expect(page.get_by_role("region", name="Worst rows").get_by_role("row", name=re.compile("7"))).to_contain_text(
        "yes"
    )
    for label in ("ROC curve", "Calibration curve", "Training curves of accuracy", "Training curves of loss"):
        chart = page.get_by_role("img", name=re.compile(label))
        expect(chart.locator("svg path").first).to_be_attached()
    report = page.frame_locator("iframe")
    expect(report.get_by_role("heading", name="Evaluation")).to_be_visible()


def test_held_back_run_names_the_rule_and_its_numbers(visit: OpenVisit) -> None:
    page = visit(f"{RUNS}/flowers-2").page
    expect(page.get_by_role("note")).to_have_text("Kept back. Accuracy is 0.8000; at least 0.9000 was asked.")
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


def test_task_that_is_a_custom_job_tells_its_pools_and_the_log_of_each_replica(
    visit: OpenVisit, workplace: Workplace, tmp_path: Path
) -> None:
    signal = tmp_path / "signal"
    workplace.submit("replicated-flowers", "replicated-1", {"path": str(signal)})
    page = visit(f"{RUNS}/replicated-1").page
    expect(page.get_by_role("button", name="Train on three: Running")).to_be_visible()
    panel = page.get_by_role("region", name="Task", exact=True)
    pools = panel.get_by_role("table", name="Worker pools")
    expect(pools.get_by_role("row")).to_have_count(3)
    expect(pools.get_by_role("row").nth(2)).to_contain_text("workerpool1-0 to workerpool1-1")
    expect(pools.get_by_role("row").nth(2)).to_contain_text("n1-standard-8")
    log = page.get_by_role("region", name="Log of the task")
    for pool, index in ((0, 0), (1, 0), (1, 1)):
        expect(log).to_contain_text(f"workerpool{pool}-{index}  this is number {index} of workerpool{pool}")
    panel.get_by_label("Log of", exact=True).select_option("workerpool1-1")
    expect(log).to_have_text(re.compile("number 1 of workerpool1"))
    expect(log).not_to_contain_text("number 0 of")
    signal.touch()
    expect(page.get_by_role("button", name="Train on three: Succeeded")).to_be_visible()
    expect(panel).to_contain_text("flowers-as-a-job")
    expect(panel.get_by_label("Log of", exact=True)).to_have_value("workerpool1-1")


def test_run_is_cancelled_after_a_question(visit: OpenVisit, workplace: Workplace, tmp_path: Path) -> None:
    workplace.submit("waiting-flowers", "waiting-2", {"path": str(tmp_path / "never")})
    page = visit(f"{RUNS}/waiting-2").page
    expect(page.get_by_role("button", name="wait-for: Running")).to_be_visible()
    page.get_by_role("button", name="Cancel the run").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_role("button", name="wait-for: Cancelled")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel the run")).to_be_hidden()


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
