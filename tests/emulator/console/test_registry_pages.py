"""Models, endpoints and schedules, in a real browser."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.emulator.console.browser import OpenVisit
from tests.emulator.console.conftest import NASTY, Workplace
from tests.emulator.vertex_emulator import LOCATION

pytestmark = pytest.mark.run


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
