"""The commands that keep schedules, on a real emulator."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from pipeline import services
from pipeline.cli import main
from tests.patience import eventually
from tests.pipeline.inspected_pipeline import compile_small
from tests.pipeline.workplaces import PARENT, Outcome, Workplace

pytestmark = [
    pytest.mark.run,
    # The SDK's own.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

Command = Callable[..., Outcome]

# Whatever is at work in the tests' own repository.
COMMIT = ("--git-sha", "0123abc")
NIGHTLY = ("--cron", "0 3 * * *", "--file", "small.yaml", *COMMIT)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    place = Workplace(tmp_path_factory.mktemp("place"))
    compile_small(place.folder)
    yield place
    place.emulator.close()


@pytest.fixture
def command(place: Workplace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("COLUMNS", "200")
    place.captured_by(capsys)
    return place.command


@pytest.fixture(autouse=True)
def _tidied(place: Workplace) -> Iterator[None]:
    yield
    for found in schedules(place):
        place.emulator.call("DELETE", f"/v1/{found['name']}")


def schedules(place: Workplace) -> list[dict[str, Any]]:
    answer = place.emulator.call("GET", f"/v1/{PARENT}/schedules")
    found: list[dict[str, Any]] = answer.json().get("schedules", [])
    return found


def done(outcome: Outcome) -> list[str]:
    """The lines that a command printed, all being well."""
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.out.splitlines()


def test_schedule_is_made_once(place: Workplace, command: Command) -> None:
    (line,) = done(command("schedule", *NIGHTLY))
    assert line.startswith('The schedule "small" is made: 0 3 * * *. Its next run is at 20')
    assert line.endswith(" 03:00 UTC. Runs start while the local services are up.")
    before = schedules(place)
    (line,) = done(command("schedule", *NIGHTLY))
    assert line.startswith('The schedule "small" is there: nothing to change. Its next run is at ')
    assert schedules(place) == before
    assert len(before) == 1


def test_schedule_is_changed_in_place_in_what_differs(place: Workplace, command: Command) -> None:
    command("schedule", *NIGHTLY, "--name", "mine")
    (before,) = schedules(place)
    options = ("--name", "mine", "--max-runs", "5", "--end", "2126-01-01", "--param", "rows=7")
    *differences, told = done(
        command("schedule", *NIGHTLY, *options, "--cron", "0 2 * * *", "--time-zone", "Asia/Tokyo")
    )
    assert differences == [
        "cron: 0 3 * * * -> TZ=Asia/Tokyo 0 2 * * *",
        "end_time: none -> 2125-12-31T15:00:00Z",
        "max_run_count: none -> 5",
        "parameters.rows: 10 -> 7",
        f"labels.config-sha: {label(before, 'config-sha')[:12]} -> {label(schedules(place)[0], 'config-sha')[:12]}",
    ]
    assert told.startswith('The schedule "mine" is changed. Its next run is at 20')
    assert told.endswith(" 02:00 JST.")
    (after,) = schedules(place)
    assert after["name"] == before["name"]
    # What is not given stays.
    *differences, told = done(command("schedule", *NIGHTLY, "--name", "mine", "--param", "rows=7"))
    assert differences == ["cron: TZ=Asia/Tokyo 0 2 * * * -> 0 3 * * *"]
    assert schedules(place)[0]["maxRunCount"] == "5"


def label(schedule: dict[str, Any], key: str) -> str:
    return str(schedule["createPipelineJobRequest"]["pipelineJob"]["labels"][key])


def test_schedule_runs_the_job_that_submit_sends(place: Workplace, command: Command) -> None:
    options = ("--file", "small.yaml", "--param", "name=x", "--failure-policy", "fast", "--no-enable-caching", *COMMIT)
    done(command("schedule", "--cron", "0 * * * *", *options))
    done(command("submit", *options))
    place.emulator.call("POST", "/_emulator/clock", {"advance_s": 3600})
    jobs: list[dict[str, Any]] = []

    def both() -> bool:
        jobs[:] = place.emulator.call("GET", f"/v1/{PARENT}/pipelineJobs").json()["pipelineJobs"]
        return len(jobs) == 2

    eventually(both)
    scheduled, submitted = (place.emulator.get(job["name"]) for job in jobs)
    assert (scheduled["scheduleName"], submitted.get("scheduleName")) == (schedules(place)[0]["name"], None)
    for field in ("pipelineSpec", "runtimeConfig", "serviceAccount"):
        assert scheduled[field] == submitted[field]
    billing = "vertex-ai-pipelines-run-billing-id"
    assert {**scheduled["labels"], billing: ""} == {**submitted["labels"], billing: ""}
    for job in jobs:
        place.wait_for(job["name"].rpartition("/")[2])


def test_schedule_of_this_project_needs_no_file(place: Workplace, command: Command, iris_files: Any) -> None:
    files = [f"--{name.replace('_', '-')}={path}" for name, path in iris_files._asdict().items()]
    (line,) = done(command("schedule", "--cron", "0 3 * * *", *files, *COMMIT))
    assert line.startswith('The schedule "dnn-pipeline" is made')
    job = schedules(place)[0]["createPipelineJobRequest"]["pipelineJob"]
    assert job["runtimeConfig"]["parameterValues"]["train_data"].startswith("gs://local-bucket/data/")
    (line,) = done(command("schedule", "--cron", "0 3 * * *", *files, *COMMIT))
    assert "nothing to change" in line


def test_schedule_refuses_to_choose_among_several(place: Workplace, command: Command) -> None:
    done(command("schedule", *NIGHTLY))
    (found,) = schedules(place)
    copied = {key: found[key] for key in ("displayName", "cron", "maxConcurrentRunCount", "createPipelineJobRequest")}
    place.emulator.post(f"{PARENT}/schedules", copied)
    code, out, err = command("schedule", *NIGHTLY)
    assert (code, out) == (1, "")
    assert 'There are 2 schedules named "small": ' in err
    assert len(schedules(place)) == 2


def test_schedule_leaves_alone_what_is_not_its_own_or_has_completed(place: Workplace, command: Command) -> None:
    done(command("schedule", *NIGHTLY, "--max-runs", "1"))
    (completed,) = schedules(place)
    place.emulator.call("POST", "/_emulator/clock", {"advance_s": 24 * 3600})
    eventually(lambda: place.emulator.get(completed["name"])["state"] == "COMPLETED")
    foreign = {key: completed[key] for key in ("displayName", "cron", "maxConcurrentRunCount")}
    job = {**completed["createPipelineJobRequest"]["pipelineJob"], "labels": {"managed-by": "somebody"}}
    foreign["createPipelineJobRequest"] = {"parent": PARENT, "pipelineJob": job}
    place.emulator.post(f"{PARENT}/schedules", foreign)
    assert "is made" in done(command("schedule", *NIGHTLY))[0]
    listed = done(command("schedules"))
    assert [line.split()[:2] for line in listed] == [["Schedule", "State"], ["small", "active"], ["small", "completed"]]
    assert "1 of 1" in listed[2]


def test_schedule_refuses_a_limit_that_it_has_reached(place: Workplace, command: Command) -> None:
    done(command("schedule", *NIGHTLY))
    (found,) = schedules(place)
    place.emulator.call("POST", "/_emulator/clock", {"advance_s": 24 * 3600})
    eventually(lambda: place.emulator.get(found["name"]).get("startedRunCount"))
    code, out, err = command("schedule", *NIGHTLY, "--max-runs", "1")
    assert (code, out) == (2, "")
    assert '`--max-runs` must be more than the 1 runs that the schedule "small" has started already.' in err


def test_schedules_pauses_resumes_and_removes_one(place: Workplace, command: Command) -> None:
    assert done(command("schedules")) == ["There are no schedules. `python -m pipeline schedule --cron ...` makes one."]
    done(command("schedule", *NIGHTLY))
    (line,) = done(command("schedules", "--pause", "small"))
    assert line == 'The schedule "small" is paused: it starts no runs until `schedules --resume`. Those at work go on.'
    assert done(command("schedules", "--pause", "small")) == ['The schedule "small" is paused already.']
    assert done(command("schedules"))[1].split()[:2] == ["small", "paused"]
    (line,) = done(command("schedule", *NIGHTLY))
    assert "nothing to change. It is paused and starts no runs: `python -m pipeline schedules --resume small`" in line
    assert schedules(place)[0]["state"] == "PAUSED"
    (line,) = done(command("schedules", "--resume", "small", "--catch-up"))
    assert line.startswith('The schedule "small" goes on. Its next run is at ')
    assert (schedules(place)[0]["state"], schedules(place)[0]["catchUp"]) == ("ACTIVE", True)
    (line,) = done(command("schedules", "--resume", "small"))
    assert line.startswith('The schedule "small" is at work already.')
    (line,) = done(command("schedules", "--delete", "small", "--yes"))
    assert line == 'The schedule "small" is removed. The runs that it has started stay.'
    assert schedules(place) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("schedules", "--pause", "smal"), 'There is no schedule "smal" at work. Did you mean "small"?'),
        (("schedules", "--delete", 'x" OR display_name="small', "--yes"), "There is no schedule"),
        (("schedules", "--pause", 'a"b'), 'There is no schedule "a"b" at work.'),
        (("schedules", "--pause", "small", "--delete", "small"), "takes one of `--pause`, `--resume` and `--delete`"),
        (("schedules", "--pause", "small", "--catch-up"), "`--catch-up` belongs to `--resume NAME`."),
        (("schedule", *NIGHTLY, "--name", 'a"b'), "`--name` must be 1 to 128 printable characters"),
        (("schedule", *NIGHTLY, "--param", "row=7"), "row"),
    ],
)
def test_schedules_refuses_in_a_sentence(
    place: Workplace, command: Command, arguments: tuple[str, ...], sentence: str
) -> None:
    done(command("schedule", *NIGHTLY))
    before = schedules(place)
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert schedules(place) == before


@pytest.mark.parametrize(
    "faulty",
    [
        ("--cron", "0 25 * * *"),
        ("--cron", "0 3 * * *", "--time-zone", "Mars/Olympus"),
        ("--cron", "0 3 * * *", "--end", "2020-01-01"),
        ("--cron", "0 3 * * *", "--start", "soon"),
    ],
)
def test_schedule_tells_of_faulty_times_before_anything_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], faulty: tuple[str, ...]
) -> None:
    with chdir(tmp_path), pytest.raises(SystemExit, match="2"):
        raise SystemExit(main(["schedule", *faulty]))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(("Error: `--", 'Error: "25"'))
    assert not (tmp_path / services.STATE_DIR).exists()


def test_schedules_asks_before_it_removes_one(
    place: Workplace, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(command("schedule", *NIGHTLY))
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    code, out, err = command("schedules", "--delete", "small")
    assert (code, err) == (1, "Error: Nothing was changed.\n")
    assert out.startswith('Remove the schedule "small" (0 3 * * *)? Its next run is at ')
    assert len(schedules(place)) == 1
    assert label(schedules(place)[0], "managed-by") == "dnn-pipeline"
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    code, _, err = command("schedules", "--delete", "small")
    told = "Error: There is no terminal to ask on, so nothing was changed: `--yes` does it unasked.\n"
    assert (code, err) == (2, told)
    assert command("schedules", "--delete", "smal").err.startswith('Error: There is no schedule "smal"')
    assert len(schedules(place)) == 1
