from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from components.vertex.rollout_plan import Deployment
from pipeline.cleaning.plan import Cleaning, Origin, folder_of, plan_cleaning
from pipeline.cleaning.view import cleaning_text, shown_size
from pipeline.config import RunConfig
from pipeline.runs.record import RunRecord
from pipeline.runs.view import command_line
from pipeline.serving.record import EndpointRecord
from tests.pipeline.run_records import NOON, ROOT, artifact, run, task


def aged(run_id: str, days: float, *uris: str, state: str = "succeeded", **given: Any) -> RunRecord:
    """A run that ended some days before noon, with artifacts at the given places."""
    moment = NOON - timedelta(days=days)
    outputs = {f"output-{place}": artifact(uri) for place, uri in enumerate(uris)}
    ended = None if state == "running" else moment
    return run(run_id, state, task("a", "succeeded", outputs=outputs), created=moment, ended=ended, **given)


def endpoint(name: str, *deployments: Deployment) -> EndpointRecord:
    return EndpointRecord(name, f"projects/p/locations/us-central1/endpoints/{name}", deployments)


def planned(
    *runs: RunRecord, endpoints: Sequence[EndpointRecord] = (), origins: Sequence[Origin] = (), newest: int = 0
) -> Cleaning:
    days = timedelta(days=30)
    return plan_cleaning(runs, endpoints, origins, now=NOON, older_than=days, newest=newest)


def ids(cleaning: Cleaning) -> list[str]:
    return [run.run_id for run in cleaning.runs]


def test_only_old_runs_go() -> None:
    assert ids(planned(aged("new", 1), aged("old", 31), aged("failed", 40, state="failed"))) == ["old", "failed"]


def test_newest_runs_stay_however_old_they_are() -> None:
    runs = [aged(f"run-{days}", days) for days in range(40, 60)]
    assert ids(planned(*runs, newest=10)) == [f"run-{days}" for days in range(50, 60)]


def test_run_at_work_never_goes() -> None:
    cleaning = planned(aged("stuck", 90, state="running"), aged("old", 60))
    assert (ids(cleaning), cleaning.at_work) == (["old"], ["stuck"])


def test_run_whose_results_a_kept_run_has_reused_stays() -> None:
    cleaning = planned(aged("new", 1, f"{ROOT}/old/train-model/model"), aged("old", 60), aged("other", 61))
    assert ids(cleaning) == ["other"]
    assert cleaning.needed == {"old": "run new has taken results of it from the cache"}


def test_run_that_is_kept_for_another_keeps_what_it_has_reused_itself() -> None:
    cleaning = planned(
        aged("new", 1, f"{ROOT}/middle/train-model/model"),
        aged("middle", 60, f"{ROOT}/oldest/upload-data/train_dataset"),
        aged("oldest", 90),
    )
    assert ids(cleaning) == []
    assert cleaning.needed["oldest"] == "run middle has taken results of it from the cache"


def test_result_in_another_root_is_recognised() -> None:
    cleaning = planned(
        aged("new", 1, "gs://elsewhere/roots/old/train-model/model"), aged("old", 60, root="gs://elsewhere/roots")
    )
    assert ids(cleaning) == []


def test_run_with_a_name_that_begins_alike_keeps_nothing() -> None:
    assert ids(planned(aged("new", 1, f"{ROOT}/old-2/train-model/model"), aged("old", 60))) == ["old"]


def test_runs_that_reuse_each_other_go_together() -> None:
    assert ids(planned(aged("two", 50, f"{ROOT}/one/a/b"), aged("one", 60))) == ["two", "one"]


@pytest.mark.parametrize(
    "origin", [Origin("version 2 of iris", "old", "gs://b/models/x"), Origin("version 2 of iris", "", f"{ROOT}/old/m")]
)
def test_run_that_a_version_comes_from_stays(origin: Origin) -> None:
    cleaning = planned(aged("old", 60), origins=[origin])
    assert cleaning.needed == {"old": "version 2 of iris of the registry comes from it"}


def test_endpoint_without_deployments_goes_and_resting_ones_are_told() -> None:
    serving, resting = Deployment("1", "2", 100), Deployment("2", "1", 0)
    cleaning = planned(endpoints=[endpoint("iris", serving, resting), endpoint("iris-smoke")])
    assert [one.name for one in cleaning.endpoints] == ["iris-smoke"]
    assert [(one.endpoint.name, one.deployment) for one in cleaning.resting] == [("iris", resting)]


def test_folder_of_a_run_is_its_own() -> None:
    assert folder_of(run("run-1", "succeeded", root="gs://bucket/root/")) == "gs://bucket/root/run-1"


GONE = "an endpoint made anew has another, and whoever calls this one is answered 404"


def shown(cleaning: Cleaning, is_done: bool = False, again: Sequence[str] = (), **config: Any) -> str:
    return cleaning_text(cleaning, {"old": 3 << 20}, RunConfig(**config), is_done, again).plain


def test_nothing_to_do_is_said() -> None:
    assert shown(planned(aged("new", 1))) == "There is nothing to remove."


def test_what_would_go_is_shown_with_its_size() -> None:
    cleaning = planned(
        aged("new", 1, f"{ROOT}/used/a/b"),
        aged("old", 60),
        aged("used", 70),
        endpoints=[endpoint("iris-smoke"), endpoint("iris", Deployment("9", "1", 0))],
    )
    assert shown(cleaning) == (
        f"Would go with its id, as nothing is deployed on it ({GONE}):\n"
        "  endpoint iris-smoke  projects/p/locations/us-central1/endpoints/iris-smoke\n"
        "\n"
        "Would go, 3.0 MiB of old runs that nothing needs:\n"
        "  run old  succeeded 2026-09-26  3.0 MiB\n"
        "\n"
        "Kept, though old:\n"
        "  run used  run new has taken results of it from the cache\n"
        "\n"
        "Kept, as `rollback` leads back to it, though it costs money and answers nothing; what takes it off:\n"
        f"  version 1 on iris  {command_line('undeploy', '1', '--endpoint-name', 'iris')}"
    )


def test_what_has_gone_is_shown() -> None:
    text = shown(planned(aged("old", 60), endpoints=[endpoint("iris-smoke")]), is_done=True)
    assert text.startswith(f"Removed with its id, as nothing was deployed on it ({GONE}):\n")
    assert "Removed, 3.0 MiB of old runs:\n" in text


def test_runs_of_the_cloud_stay_and_are_told_why() -> None:
    cleaning = planned(aged("old", 60), endpoints=[endpoint("iris", Deployment("9", "1", 0))])
    text = shown(cleaning, again=["--profile", "vertex"], connection="vertex", project="my-project")
    assert text.startswith("Old runs, which stay: on Vertex AI they cost nothing")
    assert text.endswith(command_line("undeploy", "1", "--endpoint-name", "iris", "--profile", "vertex"))


def test_run_at_work_is_told() -> None:
    assert shown(planned(aged("stuck", 1, state="running"))).startswith("Run stuck is at work, and may be using any")


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 30, "5.0 GiB"), (3 << 50, "3072.0 TiB")],
)
def test_size_is_shown_in_the_unit_that_fits(size: int, expected: str) -> None:
    assert shown_size(size) == expected
