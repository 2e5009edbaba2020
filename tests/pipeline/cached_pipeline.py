"""A pipeline of every kind of task that a cache can know or not know."""

# ruff: noqa: I002 - kfp reads annotations as values
# mypy: disable-error-code="untyped-decorator,no-untyped-def,valid-type,union-attr"

import functools
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from kfp import compiler, dsl

component = functools.partial(dsl.component, base_image="trainer:1", install_kfp_package=False)


@component()
def write(text: str, data: dsl.Output[dsl.Dataset]) -> NamedTuple("Written", [("length", int)]):
    with open(data.path, "w") as file:
        file.write(text)
    data.metadata["length"] = len(text)
    return (len(text),)


@component()
def double(data: dsl.Input[dsl.Dataset], doubled: dsl.Output[dsl.Dataset], factor: float = 2.0):
    with open(data.path) as source, open(doubled.path, "w") as target:
        target.write(source.read() * int(factor))


@component()
def count(length: int, note: str = "none") -> int:
    return length + len(note)


@component()
def tell(text: str) -> str:
    return text


@dsl.pipeline(name="cached")
def cached(text: str, factor: float = 2.0, note: str = "x"):
    written = write(text=text)
    doubled = double(data=written.outputs["data"], factor=factor)
    double(data=doubled.outputs["doubled"]).set_display_name("Double again")
    count(length=written.outputs["length"], note=f"<{note}>")
    tell(text=dsl.PIPELINE_JOB_NAME_PLACEHOLDER)
    always = tell(text=text).set_caching_options(False)
    with dsl.If(written.outputs["length"] > 2, name="long enough"):
        tell(text=note)
        tell(text=always.output)


def compile_cached(folder: Path) -> dict[str, Any]:
    """The compiled pipeline, through a file in a folder."""
    file = folder / "cached.yaml"
    compiler.Compiler().compile(cached, str(file))
    spec: dict[str, Any] = next(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    return spec
