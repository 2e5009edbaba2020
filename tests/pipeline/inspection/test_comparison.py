from __future__ import annotations

import json
from typing import Any

from pipeline.inspection.comparison import Row, compare_runs, differing
from pipeline.inspection.comparison_view import as_json, comparison_table
from pipeline.runs.record import RunRecord
from tests.pipeline.run_records import artifact, decision, rule, run, task

FIRST, SECOND = "a" * 64, "b" * 64
IMAGE = "us-docker.pkg.dev/p/r/trainer"


def trained(run_id: str, digest: str = FIRST, steps: int = 100, accuracy: float = 0.9, **given: Any) -> RunRecord:
    """A run that has trained on the table whose content's sum is given."""
    counts = {"setosa": 40, "virginica": 42 if digest == FIRST else 41}
    dataset = artifact("", "system.Dataset", rows=sum(counts.values()), sha256=digest, class_counts=counts)
    parameters = {
        "train_data": f"gs://bucket/data/{digest}/iris.csv",
        "eval_data": "gs://other/test.csv",
        "train_steps": steps,
        "optimizer": "adam",
    }
    tasks = [
        task("upload-data", "succeeded", 1.2, outputs={"train_dataset": dataset}),
        task("train-model", "succeeded", given.pop("seconds", 10.0)),
        task(
            "evaluate-model", "succeeded", 2.0, outputs={"metrics": artifact("", "system.Metrics", accuracy=accuracy)}
        ),
    ]
    known = {"parameters": parameters, "image": f"{IMAGE}:1", "labels": {"git-sha": "c" * 40}, **given}
    return run(run_id, "succeeded", *tasks, **known)


def found(rows: list[Row], section: str) -> dict[str, tuple[Any, Any]]:
    return {row.name: (row.left, row.right) for row in rows if row.section == section}


def test_equal_runs_differ_in_nothing() -> None:
    rows = compare_runs(trained("run-1"), trained("run-2", seconds=10.9))
    assert differing(rows) == []
    assert {row.section for row in rows} == {"run", "parameters", "data", "image", "labels", "metrics", "tasks"}


def test_changed_data_is_told_by_its_sum_its_rows_and_its_classes() -> None:
    rows = differing(compare_runs(trained("run-1"), trained("run-2", digest=SECOND)))
    assert {row.section for row in rows} == {"data"}
    assert found(rows, "data") == {
        "train_data": (f"iris.csv (sha256 {'a' * 12})", f"iris.csv (sha256 {'b' * 12})"),
        "training rows": (82, 81),
        "training sha256": (FIRST, SECOND),
        "training rows of virginica": (42, 41),
    }


def test_changed_numbers_tell_the_difference() -> None:
    rows = differing(compare_runs(trained("run-1"), trained("run-2", steps=500, accuracy=0.95)))
    assert [(row.name, row.change) for row in rows if row.section == "parameters"] == [("train_steps", 400)]
    (metric,) = [row for row in rows if row.section == "metrics"]
    assert metric.change is not None
    assert round(metric.change, 6) == 0.05


def test_image_and_commit_are_compared() -> None:
    labels = {"git-sha": "d" * 40, "git-dirty": "true", "vertex-ai-pipelines-run-billing-id": "7"}
    other = trained("run-2", image=f"{IMAGE}:2", labels=labels)
    rows = differing(compare_runs(trained("run-1"), other))
    assert found(rows, "image") == {"training image": (f"{IMAGE}:1", f"{IMAGE}:2")}
    assert found(rows, "labels") == {"git-sha": ("c" * 40, "d" * 40), "git-dirty": (None, "true")}


def test_decisions_are_compared_rule_by_rule() -> None:
    kept, broken = (decision(rule("floor", value >= 0.9, value, 0.9, "s")) for value in (0.95, 0.5))
    rows = differing(compare_runs(trained("run-1"), trained("run-2"), (kept, broken)))
    assert found(rows, "decision") == {
        "gate": ("passed", "held back"),
        "floor": ("kept: 0.9500, >= 0.9000 asked", "broken: 0.5000, >= 0.9000 asked"),
    }


def test_tie_with_the_champion_breaks_a_rule_that_asks_for_more() -> None:
    tie, better = (decision(rule("champion", gain > 0, gain, 0.0, "s")) for gain in (0.0, 0.1))
    rows = differing(compare_runs(trained("run-1"), trained("run-2"), (tie, better)))
    assert found(rows, "decision")["champion"] == ("broken: 0.0000, > 0.0000 asked", "kept: 0.1000, >= 0.0000 asked")


def test_task_from_the_cache_differs_from_one_that_ran() -> None:
    one = run("run-1", "succeeded", task("train-model", "succeeded", 65))
    other = run("run-2", "succeeded", task("train-model", "skipped", 0.1))
    assert found(differing(compare_runs(one, other)), "tasks") == {"Train model": ("1 min 05 s", "from the cache")}


def test_task_that_takes_much_longer_differs() -> None:
    (row,) = differing(compare_runs(trained("run-1"), trained("run-2", seconds=14)))
    assert (row.section, row.left, row.right, row.change) == ("tasks", "10.0 s", "14.0 s", 4.0)


def test_run_without_results_is_compared_by_what_it_has() -> None:
    failed = run("run-2", "failed", task("upload-data", "failed", 1.0), parameters={"train_steps": 100})
    rows = compare_runs(trained("run-1"), failed)
    assert found(rows, "metrics") == {"accuracy": (0.9, None)}
    assert found(rows, "tasks")["Train model"] == ("10.0 s", None)
    assert found(rows, "tasks")["Upload data"] == ("1.2 s", "failed, 1.0 s")


def test_several_staged_files_are_called_so() -> None:
    one = run("run-1", "succeeded", parameters={"train_data": f"gs://bucket/data/{FIRST}"})
    assert found(compare_runs(one, one), "data") == {"train_data": (f"several files (sha256 {'a' * 12})",) * 2}


def test_table_shows_a_line_for_each_difference_under_its_section() -> None:
    other = trained("run-2", digest=SECOND, steps=500, accuracy=0.95)
    rows = differing(compare_runs(trained("run-1"), other))
    assert comparison_table("run-1", "run-2", rows).plain.splitlines() == [
        "                              run-1                           run-2",
        "parameters",
        "  train_steps                 100                             500                             +400",
        "data",
        "  train_data                  iris.csv (sha256 aaaaaaaaaaaa)  iris.csv (sha256 bbbbbbbbbbbb)",
        "  training rows               82                              81                              -1",
        "  training sha256             aaaaaaaaaaaa                    bbbbbbbbbbbb",
        "  training rows of virginica  42                              41                              -1",
        "metrics",
        "  accuracy                    0.9                             0.95                            +0.05",
    ]


def test_long_values_are_shortened_to_a_line() -> None:
    row = Row("parameters", "note", "two\nlines", "x" * 100, differs=True)
    assert comparison_table("1", "2", [row]).plain.splitlines()[-1] == f"  note      two lines  {'x' * 57}..."


def test_json_keeps_the_values_as_they_are() -> None:
    document = json.loads(as_json("run-1", "run-2", compare_runs(trained("run-1"), trained("run-2", digest=SECOND))))
    assert document["runs"] == ["run-1", "run-2"]
    (row,) = [row for row in document["rows"] if row["name"] == "training sha256"]
    assert row == {
        "section": "data",
        "name": "training sha256",
        "left": FIRST,
        "right": SECOND,
        "differs": True,
        "change": None,
    }
