"""Each compiled pipeline as a page a person can review; as a command, it writes these pages anew."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from components.image import TRAINER_IMAGE
from pipeline.compilation import compile_pipeline, compile_tuning_pipeline
from pipeline.config import RunConfig
from pipeline.config_layers import load_config

Compile = Callable[[RunConfig, Path], Path]
GOLDENS: dict[Path, Compile] = {
    Path(__file__).with_name("graph.txt"): compile_pipeline,
    Path(__file__).with_name("tuning_graph.txt"): compile_tuning_pipeline,
}
REFRESH = ".venv/bin/python -m tests.pipeline.graph_summary && git diff tests/pipeline/*graph.txt"


def summarise(document: dict[str, Any]) -> str:
    """The parameters with their types and defaults, and every task with what it takes and from where."""
    parameters = document["root"]["inputDefinitions"]["parameters"]
    lines = [f"pipeline {document['pipelineInfo']['name']}", "parameters"]
    for name, about in sorted(parameters.items()):
        lines.append(f"  {name}: {about['parameterType']} = {about.get('defaultValue', 'required')}")
    lines += _tasks(document, document["root"]["dag"], "")
    return "\n".join(lines) + "\n"


def _tasks(document: dict[str, Any], dag: dict[str, Any], indent: str) -> list[str]:
    lines = []
    for name, task in sorted(dag["tasks"].items()):
        component = document["components"][task["componentRef"]["name"]]
        cached = "cached" if task.get("cachingOptions", {}).get("enableCache") else "not cached"
        about = [f'"{task["taskInfo"]["name"]}"', cached]
        if "triggerPolicy" in task:
            about = [f'"{task["taskInfo"]["name"]}"', f"if {task['triggerPolicy']['condition']}"]
        lines.append(f"{indent}task {name} ({', '.join(about)})")
        for kind in ("artifacts", "parameters"):
            for key, source in sorted(task.get("inputs", {}).get(kind, {}).items()):
                lines.append(f"{indent}  {key} <- {_source(source)}")
        outputs = component.get("outputDefinitions", {})
        for key, about_output in sorted(outputs.get("artifacts", {}).items()):
            lines.append(f"{indent}  -> {key}: {about_output['artifactType']['schemaTitle']}")
        for key, about_output in sorted(outputs.get("parameters", {}).items()):
            lines.append(f"{indent}  -> {key}: {about_output['parameterType']}")
        if "dag" in component:
            lines += _tasks(document, component["dag"], indent + "  ")
    return lines


def _source(source: dict[str, Any]) -> str:
    if "taskOutputArtifact" in source:
        return f"{source['taskOutputArtifact']['producerTask']}.{source['taskOutputArtifact']['outputArtifactKey']}"
    if "taskOutputParameter" in source:
        return f"{source['taskOutputParameter']['producerTask']}.{source['taskOutputParameter']['outputParameterKey']}"
    if "runtimeValue" in source:
        return str(source["runtimeValue"]["constant"]).replace(TRAINER_IMAGE, "TRAINER_IMAGE")
    return str(source.get("componentInputParameter") or source.get("componentInputArtifact"))


def refresh() -> None:
    """Compiles the pipelines as they are by default, and writes their pages."""
    for golden, compiled_by in GOLDENS.items():
        with tempfile.TemporaryDirectory() as folder:
            compiled = compiled_by(load_config(None, {})[0], Path(folder) / "pipeline.yaml")
            document = yaml.safe_load(compiled.read_text(encoding="utf-8"))
        golden.write_text(summarise(document), encoding="utf-8")


if __name__ == "__main__":
    refresh()
