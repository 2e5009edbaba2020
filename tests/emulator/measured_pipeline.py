"""A pipeline with data, a model and a metric, for the tests of experiments and lineage."""

# ruff: noqa: I002 - kfp reads annotations as values
# mypy: disable-error-code="untyped-decorator,no-untyped-def"

from pathlib import Path

from kfp import compiler, dsl

ROWS = "gs://experiments/data/rows.csv"


@dsl.component(base_image="trainer:1", install_kfp_package=False)
def train(epochs: int, optimizer: str, data: dsl.Input[dsl.Dataset], model: dsl.Output[dsl.Model]):
    with open(model.path, "w") as file:
        file.write(f"{epochs} {optimizer} {data.uri}")
    model.metadata["framework"] = "none"


@dsl.component(base_image="trainer:1", install_kfp_package=False)
def evaluate(model: dsl.Input[dsl.Model], metrics: dsl.Output[dsl.Metrics]):
    with open(model.path) as file:
        metrics.log_metric("words", len(file.read().split()))


@dsl.pipeline(name="measured")
def measured(epochs: int = 5, optimizer: str = "adagrad"):
    data = dsl.importer(artifact_uri=ROWS, artifact_class=dsl.Dataset)
    trained = train(epochs=epochs, optimizer=optimizer, data=data.output)
    evaluate(model=trained.outputs["model"])


def compile_measured(folder: Path, name: str = "measured") -> str:
    """Compiles the pipeline into a folder; the path of its YAML."""
    path = str(folder / f"{name}.yaml")
    compiler.Compiler().compile(measured, path, pipeline_name=name)
    return path
