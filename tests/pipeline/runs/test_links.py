from __future__ import annotations

import pytest

from pipeline.runs.links import page_of, report_at

RUN = "projects/my-project/locations/us-central1/pipelineJobs/run-1"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VERTEX_EMULATOR_HOST", "STORAGE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)


def test_page_is_googles_unless_a_stand_in_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page_of(RUN) == (
        "https://console.cloud.google.com/vertex-ai/locations/us-central1/pipelines/runs/run-1?project=my-project"
    )
    for host in ("127.0.0.1:8470", "http://127.0.0.1:8470/"):
        monkeypatch.setenv("VERTEX_EMULATOR_HOST", host)
        assert page_of(RUN) == f"http://127.0.0.1:8470/console/{RUN}"


def test_page_of_what_is_no_run_is_that_of_all() -> None:
    assert page_of("run-1") == "https://console.cloud.google.com/vertex-ai/pipelines/runs"


def test_report_is_shown_by_the_console_of_a_stand_in_or_by_google(monkeypatch: pytest.MonkeyPatch) -> None:
    assert report_at("gs://b/a b/r.html") == "https://storage.cloud.google.com/b/a%20b/r.html"
    monkeypatch.setenv("VERTEX_EMULATOR_HOST", "http://127.0.0.1:8470")
    assert report_at("gs://b/a b/r.html") == "http://127.0.0.1:8470/console/report?uri=gs%3A//b/a%20b/r.html"
    assert report_at("https://example.com/x") == "https://example.com/x"
