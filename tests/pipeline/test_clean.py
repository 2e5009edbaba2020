"""What `clean` removes of a real emulator, and what it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.vertex.labels import MANAGED_BY
from tests.pipeline.small_runs import SmallRuns, small_runs
from tests.pipeline.workplaces import PARENT

pytestmark = pytest.mark.run

ALL_THAT_IS_OLD = ("clean", "--older-than-days", "0", "--keep", "1")


def create_endpoint(place: SmallRuns, name: str, **labels: str) -> None:
    place.emulator.post(f"{PARENT}/endpoints", {"displayName": name, "labels": labels})


def endpoints(place: SmallRuns) -> list[str]:
    return [one["displayName"] for one in place.emulator.get(f"{PARENT}/endpoints").get("endpoints", [])]


def runs(place: SmallRuns) -> list[str]:
    return [one["displayName"] for one in place.emulator.get(f"{PARENT}/pipelineJobs")["pipelineJobs"]]


def objects(place: SmallRuns, run_id: str) -> list[str]:
    return [blob.name for blob in place.bucket.list_blobs(prefix=f"pipeline-root/{run_id}/")]


def test_clean_removes_what_nothing_needs_and_only_when_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with small_runs(tmp_path) as place:
        place.captured_by(capsys)
        command = place.command
        place.run("other", name="other")
        place.run("made")
        place.run("reused")
        create_endpoint(place, "iris-smoke", **MANAGED_BY)
        create_endpoint(place, "someone-elses")
        assert command("clean").out.startswith("Would go with its id, as nothing is deployed on it (")

        shown = command(*ALL_THAT_IS_OLD)
        assert shown.code == 0
        assert "  run other  succeeded " in shown.out
        assert "Kept, though old:\n  run made  run reused has taken results of it from the cache\n" in shown.out
        assert shown.out.endswith("\nNothing was removed. `--yes` does it.\n")
        assert sorted(runs(place)) == ["made", "other", "reused"]
        assert objects(place, "other")

        place.submit("at-work", wait_for=str(tmp_path / "go"))
        place.wait_for_training("at-work")
        refused = command(*ALL_THAT_IS_OLD, "--yes")
        assert (refused.code, "Run at-work is at work" in refused.out) == (1, True)
        assert sorted(endpoints(place)) == ["iris-smoke", "someone-elses"]
        (tmp_path / "go").touch()
        place.wait_for("at-work")

        done = command(*ALL_THAT_IS_OLD, "--yes")
        assert done.code == 0
        assert "Removed with its id, as nothing was deployed on it (" in done.out
        assert sorted(runs(place)) == ["at-work", "made"]
        assert endpoints(place) == ["someone-elses"]
        assert (objects(place, "other"), bool(objects(place, "made"))) == ([], True)
        place.run("anew", name="other")
        assert place.emulator.get(f"{PARENT}/pipelineJobs/anew")["state"] == "PIPELINE_STATE_SUCCEEDED"
        command(*ALL_THAT_IS_OLD, "--yes")
        assert runs(place) == ["anew"]
        assert command(*ALL_THAT_IS_OLD, "--yes") == (0, "There is nothing to remove.\n", "")
