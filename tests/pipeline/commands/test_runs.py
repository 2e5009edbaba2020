"""The commands that submit runs, follow them and list them, against a real emulator and a small pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.runs.client import Runs
from pipeline.runs.submission import build_job, draft_of_file, send
from tests.emulator.vertex_emulator import storage_client
from tests.pipeline.workplaces import PARENT, Workplace

pytestmark = pytest.mark.run


@pytest.fixture(scope="module")
def module_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    from tests.pipeline.inspected_pipeline import compile_small

    folder = tmp_path_factory.mktemp("place")
    compile_small(folder)
    place = Workplace(folder)
    yield place
    place.emulator.close()


@pytest.fixture
def place(module_place: Workplace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Workplace:
    monkeypatch.setenv("COLUMNS", "200")
    module_place.captured_by(capsys)
    return module_place


def submitted(place: Workplace, *params: str) -> str:
    """Submits a run of the small pipeline; its id."""
    given = [word for param in params for word in ("--param", param)]
    outcome = place.command("submit", "--file", "small.yaml", *given)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.out.split()[1].rstrip(".")


def test_run_is_followed_to_its_end(place: Workplace, caplog: pytest.LogCaptureFixture) -> None:
    outcome = place.command("run", "--file", "small.yaml", "--param", "rows=12")
    assert (outcome.code, outcome.err) == (0, "")
    first, *lines = outcome.out.splitlines()
    page = f"{place.emulator.address}/console/{PARENT}/pipelineJobs/"
    found = re.fullmatch(rf"Run (small-\d{{14}})  {re.escape(page)}\1", first)
    assert found
    assert [line for line in lines if line.startswith("✓ upload-data: done after")]
    assert "Accuracy 0.9500\n" in outcome.out
    assert "Decision: passed\n  ✓ Accuracy is 0.95.\n" in outcome.out
    # Nobody has looked for Google's credentials, which takes long where there are none.
    assert [record for record in caplog.records if record.name.startswith("google.auth")] == []
    shown = place.command("show", found[1])
    assert shown.out.startswith(f"✓ {found[1]}  done  ")
    assert outcome.out.partition("\nAccuracy")[2].partition("\nNext")[0].rstrip() in shown.out


def test_submitted_run_goes_on_by_itself(place: Workplace) -> None:
    outcome = place.command("submit", "--file", "small.yaml", "--param", "accuracy=0.5")
    run_id = outcome.out.split()[1].rstrip(".")
    assert outcome.out.splitlines()[:2] == [
        f"Submitted {run_id}.",
        f"Console  {place.emulator.address}/console/{PARENT}/pipelineJobs/{run_id}",
    ]
    place.wait_for(run_id)
    listed = place.command("runs", "--state", "succeeded", "--limit", "1")
    (row,) = listed.out.splitlines()[1:]
    assert row.startswith(f"{run_id}  ✓ done")
    assert row.endswith("  0.5000    kept back")


def test_failed_run_is_told_with_the_tasks_own_error(place: Workplace) -> None:
    outcome = place.command("run", "--file", "small.yaml", "--param", "error=It does not converge.")
    assert outcome.code == 1
    assert "✗ Train the model: failed after" in outcome.out
    assert re.match(r"Error: Train the model: .*It does not converge\.\n`.* why small-[\d-]+` tells", outcome.err)


def test_job_is_what_the_configuration_says(place: Workplace) -> None:
    account = "trainer@local-project.iam.gserviceaccount.com"
    options = ["--service-account", account, "--failure-policy", "fast", "--no-enable-caching"]
    root = ["--pipeline-root", "gs://other-bucket/here", "--git-sha", "abc"]
    outcome = place.command("submit", "--file", "small.yaml", *options, *root)
    assert (outcome.code, outcome.err) == (0, "")
    job = place.emulator.get(f"{PARENT}/pipelineJobs/{outcome.out.split()[1].rstrip('.')}")
    assert (job["displayName"], job["serviceAccount"]) == ("small", account)
    assert job["runtimeConfig"]["gcsOutputDirectory"] == "gs://other-bucket/here"
    assert job["runtimeConfig"]["failurePolicy"] in (2, "PIPELINE_FAILURE_POLICY_FAIL_FAST")
    caching = [task["cachingOptions"] for task in job["pipelineSpec"]["root"]["dag"]["tasks"].values()]
    assert all(not options.get("enableCache") for options in caching)
    assert job["labels"].keys() >= {"managed-by", "git-sha", "config-sha", "image-tag"}
    assert (job["labels"]["git-sha"], job["labels"]["image-tag"]) == ("abc", "1")


def test_compiled_pipeline_is_kept_in_the_bucket_by_its_content(place: Workplace) -> None:
    submitted(place)
    bucket = storage_client(place.emulator).bucket("local-bucket")
    (kept,) = [blob for blob in bucket.list_blobs() if blob.name.startswith("pipelines/")]
    assert re.fullmatch(r"pipelines/[0-9a-f]{64}/small\.yaml", kept.name)
    assert kept.download_as_bytes() == (place.folder / "small.yaml").read_bytes()


def test_parameters_of_a_file_are_converted_by_its_own_definitions(place: Workplace) -> None:
    run_id = submitted(place, "rows=7", "accuracy=0.25", "name=5")
    given = place.emulator.get(f"{PARENT}/pipelineJobs/{run_id}")["runtimeConfig"]["parameterValues"]
    assert given == {"rows": 7, "accuracy": 0.25, "name": "5"}
    outcome = place.command(
        "submit", "--file", "small.yaml", "--param", "rows=x", "--param", "acuracy=1", "--seed", "3"
    )
    assert outcome.code == 2
    assert outcome.err.splitlines() == [
        "Error: 3 problems:",
        "  - `seed` is no parameter of small.yaml.",
        '  - `acuracy` is no parameter of small.yaml. Did you mean "accuracy"?',
        '  - `rows` of small.yaml must be a whole number. Received: "x".',
    ]


def test_parameter_of_a_file_is_given_once(place: Workplace) -> None:
    outcome = place.command("submit", "--file", "small.yaml", "--param", "rows=1", "--param", "rows=2")
    assert (outcome.code, outcome.err) == (
        2,
        "Error: `rows` is given 2 times on the command line. Give it once.\n",
    )
    outcome = place.command("submit", "--file", "small.yaml", "--param", "rows=1", "--param", "rows")
    assert (outcome.code, outcome.err) == (2, "Error: `--param rows` has no value. Write --param NAME=VALUE.\n")


def test_file_that_is_no_pipeline_is_refused(place: Workplace) -> None:
    (place.folder / "table.csv").write_text("a: [")
    (place.folder / "other.yaml").write_text("root: 3")
    for file in ("table.csv", "other.yaml"):
        outcome = place.command("submit", "--file", file)
        assert (outcome.code, outcome.err.split(".")[0]) == (2, f"Error: {file.split('.')[0]}")
        assert " is no compiled pipeline. `python compile.py` writes one" in outcome.err
    outcome = place.command("run", "--file", "absent.yaml")
    assert (
        outcome.err
        == "Error: absent.yaml cannot be read: No such file or directory. Give a pipeline that is compiled.\n"
    )


def test_runs_of_the_same_second_have_ids_of_their_own(place: Workplace) -> None:
    with place.connected() as config:
        submission = draft_of_file(Path("small.yaml"), config, {}, {})
        names = []
        for _ in range(3):
            job = build_job(config, submission)
            names.append(send(config, job, "small-in-a-second").rpartition("/")[2])
    assert names == ["small-in-a-second", "small-in-a-second-2", "small-in-a-second-3"]


def test_run_joins_its_experiment(place: Workplace) -> None:
    outcome = place.command("submit", "--file", "small.yaml", "--experiment", "trials")
    assert (outcome.code, outcome.err) == (0, "")
    job = place.emulator.get(f"{PARENT}/pipelineJobs/{outcome.out.split()[1].rstrip('.')}")
    experiment = f"{PARENT}/metadataStores/default/contexts/trials"
    assert experiment in job["jobDetail"]["pipelineRunContext"]["parentContexts"]
    assert place.emulator.get(experiment)["schemaTitle"] == "system.Experiment"


def test_run_is_cancelled_and_then_cannot_be(place: Workplace) -> None:
    run_id = submitted(place, "wait_for=/nowhere")
    place.wait_for(run_id, lambda states: states.get("train-model") == "RUNNING")
    assert place.command("runs", "--state", "running").out.splitlines()[1].startswith(f"{run_id}  ● running")
    outcome = place.command("cancel", run_id)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Run {run_id} is being cancelled. ")
    place.wait_for(run_id)
    assert "■  Train the model  stopped" in place.command("show", run_id).out
    again = place.command("cancel", run_id)
    assert (again.code, again.err) == (2, f"Error: Run {run_id} has ended already: it was cancelled.\n")


def test_unknown_run_is_refused_with_the_nearest(place: Workplace) -> None:
    run_id = submitted(place)
    outcome = place.command("show", run_id[:-1])
    assert outcome.code == 2
    assert outcome.err.startswith(f'Error: There is no run "{run_id[:-1]}". Did you mean "small-')
    for odd in ("Not An Id", "", "../x", "a/b", "projects/p/locations/l/pipelineJobs/", "ü?x=y#z"):
        told = place.command("cancel", odd)
        assert (told.code, told.err.startswith(f'Error: There is no run "{odd}".')) == (2, True)


def test_unknown_state_is_refused_with_the_nearest(place: Workplace) -> None:
    outcome = place.command("runs", "--state", "runing")
    assert outcome.code == 2
    assert outcome.err.startswith('Error: "runing" is no state of a run. Did you mean "running"? Known: queued, ')


def test_next_commands_are_led_to_the_same_place(place: Workplace) -> None:
    (place.folder / "my.toml").write_text('[profiles.mine]\nconnection = "local"\n')
    options = ["--config", "my.toml", "--profile", "mine", "--project", "other-project"]
    outcome = place.command("submit", "--file", "small.yaml", *options)
    assert outcome.code == 0
    for line in outcome.out.splitlines()[4:]:
        assert line.endswith(f" {' '.join(options)}")
    assert place.command(*outcome.out.splitlines()[4].split(" -m pipeline ")[1].split()).code == 0


def test_project_without_runs_says_how_to_start_one(place: Workplace) -> None:
    assert place.command("runs", "--project", "empty-project").out == (
        "There are no such runs. `python -m pipeline run --project empty-project` starts one.\n"
    )
    assert place.command("show", "--project", "empty-project").err == (
        "Error: There are no runs yet. Start one with `python -m pipeline run --project empty-project`.\n"
    )


def test_runs_of_other_pipelines_are_listed_on_demand(place: Workplace) -> None:
    job = {"pipelineSpec": place.emulator.get(f"{PARENT}/pipelineJobs/{submitted(place)}")["pipelineSpec"]}
    job["runtimeConfig"] = {"gcsOutputDirectory": "gs://local-bucket/root"}
    place.emulator.post(f"{PARENT}/pipelineJobs?pipelineJobId=of-another", job)
    assert "of-another" not in place.command("runs").out
    assert place.command("runs", "--all", "--limit", "1").out.splitlines()[1].startswith("of-another  ")
    assert place.command("show", "of-another").code == 0


def test_newest_run_is_shown_unless_one_is_named(place: Workplace) -> None:
    first, second = submitted(place), submitted(place)
    assert f" {second}  " in place.command("show").out
    assert f" {first}  " in place.command("show", first).out


def test_run_without_curves_has_none_to_show(place: Workplace) -> None:
    run_id = submitted(place)
    outcome = place.command("tensorboard", run_id)
    assert outcome.code == 1
    assert outcome.err == f"Error: Run {run_id} has no training curves: its training has not ended well.\n"


def test_lists_ask_for_no_more_than_is_wanted(place: Workplace) -> None:
    for _ in range(2):
        submitted(place)
    with place.connected() as config:
        assert len(list(Runs(config).list(limit=2))) == 2
        assert next(Runs(config).list(labels={"git-sha": "not-there"}), None) is None


def test_run_is_called_by_its_name_and_found_by_it_and_by_the_end_of_its_id(place: Workplace) -> None:
    outcome = place.command("submit", "--file", "small.yaml", "--name", "adam 0.01", "--param", "rows=5")
    run_id = outcome.out.split()[1].rstrip(".")
    place.wait_for(run_id)
    for known in ("adam 0.01", run_id[-9:]):
        assert place.command("show", known).out.startswith(f"✓ {run_id}  adam 0.01  done")
    listed = place.command("runs", "--param", "rows=5").out.splitlines()
    assert [line.split("  ")[:2] for line in listed[1:]] == [[run_id, "adam 0.01"]]
    assert place.command("runs", "--param", "rows=4711").out.startswith("There are no such runs.")


def test_end_that_several_runs_have_is_refused(place: Workplace) -> None:
    for _ in range(2):
        assert place.command("submit", "--file", "small.yaml", "--name", "twins").code == 0
    outcome = place.command("show", "twins")
    assert (outcome.code, outcome.out) == (2, "")
    assert re.match(r'Error: "twins" may be any of the runs small-[\d-]+, small-[\d-]+\. Give more', outcome.err)


def test_name_that_vertex_would_refuse_is_refused_before_anything_is_sent(place: Workplace) -> None:
    outcome = place.command("submit", "--file", "small.yaml", "--name", 'adam "0.01"')
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Error: `--name` must be 1 to 128 printable characters")


def test_hint_repeats_the_options_of_the_run(place: Workplace) -> None:
    run_id = submitted(place, "accuracy=0.5", "rows=3")
    place.wait_for(run_id)
    told = place.command("why", run_id).out
    assert "`python -m pipeline run --file small.yaml --param accuracy=0.5 --param rows=3` runs it again" in told
