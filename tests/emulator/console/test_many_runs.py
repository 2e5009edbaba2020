"""A thousand runs, in a real browser."""

from __future__ import annotations

import pytest
from google.cloud.aiplatform_v1.types import PipelineJob
from playwright.sync_api import expect

from emulator.api.codec import parse_message
from tests.emulator.console.browser import Visit, chromium
from tests.emulator.console.many_runs import add_runs
from tests.emulator.console.sample_jobs import job
from tests.emulator.vertex_emulator import VertexEmulator

pytestmark = pytest.mark.run


def test_a_thousand_runs_are_filtered_sorted_and_turned_over(own_emulator: VertexEmulator) -> None:
    own_emulator.stop()
    add_runs(own_emulator.folder, parse_message(PipelineJob, job()), 1000)
    own_emulator.start()
    with chromium() as browser:
        window = Visit(browser, own_emulator.address)
        window.open("/console/projects/p/locations/us-central1/pipelineJobs")
        page = window.page
        rows = page.get_by_role("table", name="Runs").locator("tbody tr")
        expect(page.get_by_text("1 to 50 of 1,000")).to_be_visible()
        expect(rows).to_have_count(50)
        expect(rows.first).to_contain_text("Many 0999")
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_text("51 to 100 of 1,000")).to_be_visible()
        expect(rows.first).to_contain_text("Many 0949")
        page.get_by_role("button", name="Duration").click()
        expect(rows.first).to_contain_text("Many 0969")
        page.get_by_label("State", exact=True).select_option("failed")
        expect(page.get_by_text("1 to 50 of 100")).to_be_visible()
        page.get_by_label("Filter by name, pipeline or label").fill("number=120")
        expect(rows).to_have_count(1)
        expect(rows.first).to_contain_text("Many 0120")
        window.keep("a-thousand-runs-filtered")
        window.close()
