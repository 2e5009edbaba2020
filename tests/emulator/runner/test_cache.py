from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from emulator.runner.cache import Cache, Outputs, artifacts_of, cache_key, time_written
from emulator.runner.pipeline_spec import PipelineSpec, parse_spec
from tests.emulator.runner.specs import CONTAINER, spec, task

LOCATION = "projects/p/locations/l"
INPUTS = {"parameters": {"steps": 1}, "artifacts": {"rows": [["gs://bucket/rows", {"count": 3}, 5]]}}
DEFINED = {"parameters": {"loss": {"parameterType": "NUMBER_DOUBLE"}}}
ORIGIN = {"pipelineJob": f"{LOCATION}/pipelineJobs/run-1"}


def pipeline(
    name: str = "small", outputs: dict[str, Any] | None = None, tasks: tuple[str, ...] = ("train",), **container: Any
) -> PipelineSpec:
    document = spec({name: task("train") for name in tasks})
    document["pipelineInfo"]["name"] = name
    document["components"]["comp-train"]["outputDefinitions"] = DEFINED if outputs is None else outputs
    document["deploymentSpec"]["executors"]["exec-train"]["container"] = {**CONTAINER, **container}
    return parse_spec(json.dumps(document), source="small.yaml")


def key(given: PipelineSpec | None = None, location: str = LOCATION, custom: str = "", **changed: Any) -> str:
    return cache_key(location, given or pipeline(), "comp-train", {**INPUTS, **changed}, custom)


def artifact(path: Path) -> dict[str, Any]:
    written = time_written(str(path))
    return {
        "name": "model",
        "uri": "gs://bucket/model",
        "path": str(path),
        "written": written,
        "schemaTitle": "system.Model",
        "metadata": {},
    }


def test_cache_key_is_the_same_for_what_counts_as_the_same() -> None:
    described = {"parameters": {"loss": {**DEFINED["parameters"]["loss"], "description": "Of the last step."}}}
    same = [
        key(parameters={"steps": 1.0}),
        key(artifacts={"rows": [["gs://bucket/rows", {"count": 3.0}, 5]]}),
        key(pipeline(tasks=("another",))),
        key(pipeline(resources={"cpuLimit": 4.0})),
        key(pipeline(outputs=described)),
    ]
    assert {key(), *same} == {key()}


def test_cache_key_is_another_for_all_that_counts() -> None:
    others = [
        key(location="projects/q/locations/l"),
        key(pipeline(name="other")),
        key(pipeline(image="trainer:2")),
        key(pipeline(args=["--executor_input", "{{$}}", "--fast"])),
        key(pipeline(env=[{"name": "SEED", "value": "1"}])),
        key(pipeline(outputs={"parameters": {"cost": {"parameterType": "NUMBER_DOUBLE"}}})),
        key(parameters={"steps": 2}),
        key(parameters={"steps": True}),
        key(parameters={"steps": "1"}),
        key(artifacts={"rows": [["gs://bucket/others", {"count": 3}, 5]]}),
        key(artifacts={"rows": [["gs://bucket/rows", {"count": 4}, 5]]}),
        key(artifacts={"rows": [["gs://bucket/rows", {"count": 3}, 6]]}),
        key(custom="mine"),
    ]
    assert len({key(), *others}) == len(others) + 1


def test_cache_key_of_ones_own_stands_for_inputs_and_component() -> None:
    mine = key(custom="mine")
    assert mine == key(pipeline(image="trainer:2"), custom="mine", parameters={"steps": 2})
    assert mine != key(pipeline(name="other"), custom="mine")


def test_cache_finds_what_it_has_kept(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    outputs: Outputs = {
        "loss": {"value": float("nan")},
        "model": {"artifact": artifact(model)},
        "all": {"artifacts": []},
    }
    cache = Cache(tmp_path / "cache" / "of mine")
    assert cache.find("key") is None
    cache.keep("key", outputs, ORIGIN)
    found = cache.find("key")
    assert found is not None
    assert [one["uri"] for one in artifacts_of(found)] == ["gs://bucket/model"]
    assert str(found["loss"]["value"]) == "nan"
    assert [file.name for file in (tmp_path / "cache" / "of mine").iterdir()] == ["key.json"]


def test_cache_keeps_the_newest(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for loss in (1, 2):
        cache.keep("key", {"loss": {"value": loss}}, ORIGIN)
    assert cache.find("key") == {"loss": {"value": 2}}


def test_cache_gives_whole_entries_while_others_write(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.keep("key", {"loss": {"value": -1}}, ORIGIN)
    with ThreadPoolExecutor(4) as threads:
        writing = [threads.submit(cache.keep, "key", {"loss": {"value": number}}, ORIGIN) for number in range(100)]
        found = [cache.find("key") for _ in range(200)]
        for one in writing:
            one.result()
    assert None not in found
    assert [file.name for file in tmp_path.iterdir()] == ["key.json"]


def test_cache_finds_nothing_where_artifacts_are_gone_or_others(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.write_text("first", encoding="utf-8")
    cache = Cache(tmp_path / "cache")
    cache.keep("key", {"model": {"artifact": artifact(model)}}, ORIGIN)
    assert cache.find("key") is not None
    written = model.stat().st_mtime_ns
    model.write_text("of another run", encoding="utf-8")
    os.utime(model, ns=(written + 1, written + 1))
    assert cache.find("key") is None
    model.unlink()
    assert cache.find("key") is None


def test_cache_finds_artifacts_that_have_no_file(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cache.keep("key", {"metrics": {"artifact": artifact(tmp_path / "metrics")}}, ORIGIN)
    assert cache.find("key") is not None


def moved_runs(parent: Path, *, through_a_link: bool) -> Path:
    """A state folder with a run's artifact and the cache's entry of it."""
    state = parent / "state"
    (state / "runs").mkdir(parents=True)
    (state / "runs" / "model").write_text("of the original", encoding="utf-8")
    entry = artifact((state.resolve() if through_a_link else state) / "runs" / "model")
    Cache(state / "cache").keep("key", {"model": {"artifact": entry}, "all": {"artifacts": [entry]}}, ORIGIN)
    return state


@pytest.mark.parametrize("through_a_link", [False, True])
def test_cache_that_was_moved_with_its_artifacts_finds_them(tmp_path: Path, through_a_link: bool) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    state = moved_runs(tmp_path / "link", through_a_link=through_a_link)
    state.rename(tmp_path / "moved")
    found = Cache(tmp_path / "moved" / "cache").find("key")
    assert found is not None
    assert {one["path"] for one in artifacts_of(found)} == {str(tmp_path / "moved" / "runs" / "model")}


def test_cache_that_was_copied_finds_nothing_of_the_original(tmp_path: Path) -> None:
    state = moved_runs(tmp_path, through_a_link=False)
    shutil.copytree(state, tmp_path / "copy")
    found = Cache(tmp_path / "copy" / "cache").find("key")
    assert found is not None
    assert {one["path"] for one in artifacts_of(found)} == {str(tmp_path / "copy" / "runs" / "model")}
    (tmp_path / "copy" / "runs" / "model").unlink()
    assert Cache(tmp_path / "copy" / "cache").find("key") is None


@pytest.mark.parametrize("path", ["gs://bucket/rows", "", "/elsewhere/rows"])
def test_cache_keeps_what_lies_elsewhere_as_it_is(tmp_path: Path, path: str) -> None:
    cache = Cache(tmp_path / "cache")
    entry = {**artifact(tmp_path / "none"), "path": path, "written": time_written(path)}
    cache.keep("key", {"rows": {"artifact": entry}}, ORIGIN)
    found = cache.find("key")
    assert found is not None
    assert [one["path"] for one in artifacts_of(found)] == [path]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"outputs": {"model": {"artifact": {}}}}', '{"outputs": 5}'])
def test_cache_passes_over_an_entry_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "key.json").write_text(text, encoding="utf-8")
    assert Cache(tmp_path).find("key") is None
