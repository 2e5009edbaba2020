"""The pipelines whose runs the console's tests look at; each is compiled as a user would compile it."""

# ruff: noqa: I002, ARG001 - kfp reads annotations as values, and makes edges of inputs
# mypy: disable-error-code="untyped-decorator,no-untyped-def,valid-type"

import functools
from pathlib import Path
from typing import NamedTuple

from google_cloud_pipeline_components.v1.custom_job import create_custom_training_job_from_component
from kfp import compiler, dsl

component = functools.partial(dsl.component, base_image="trainer:1", install_kfp_package=False)


@component()
def read_rows(source: str, rows: dsl.Output[dsl.Dataset]):
    """Reads rows."""
    with open(rows.path, "w") as file:
        file.write("1,2\n3,4\n")
    rows.metadata["sha256"] = "c4c7652b14da"
    rows.metadata["rows"] = 2
    print("read 2 rows of", source)


@component()
def train(
    rows: dsl.Input[dsl.Dataset], steps: int, model: dsl.Output[dsl.Model], training_log: dsl.Output[dsl.Artifact]
):
    """Writes training curves, as TensorFlow would."""
    import pathlib

    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    for run, offset in (("train", 0.0), ("eval", 0.1)):
        folder = pathlib.Path(training_log.path) / "logs" / run
        folder.mkdir(parents=True)
        with open(folder / "events.out.tfevents.1", "wb") as file:
            writer = RecordWriter(file)
            for step in range(0, steps, max(1, steps // 40)):
                values = [
                    Summary.Value(tag="loss", simple_value=1.1 / (1 + step / 40) + offset / 2),
                    Summary.Value(tag="accuracy", simple_value=0.97 - 0.6 / (1 + step / 20) - offset / 4),
                ]
                writer.write(Event(step=step, wall_time=step, summary=Summary(value=values)).SerializeToString())
    pathlib.Path(model.path).mkdir()
    (pathlib.Path(model.path) / "weights.txt").write_text("none")
    model.metadata["framework"] = "none"
    print("<script>document.title='broken in'</script> trained for", steps, "steps")


@component()
def evaluate(
    model: dsl.Input[dsl.Model],
    accuracy: float,
    min_accuracy: float,
    metrics: dsl.Output[dsl.Metrics],
    classification: dsl.Output[dsl.ClassificationMetrics],
    report: dsl.Output[dsl.HTML],
    decision: dsl.Output[dsl.Artifact],
) -> NamedTuple("Outputs", [("passed", bool)]):
    """Writes metrics, a report and a decision."""
    import json
    import pathlib

    passed = accuracy >= min_accuracy
    metrics.log_metric("accuracy", accuracy)
    metrics.log_metric("loss", 0.0664)
    metrics.log_metric("rows", 30)
    classification.log_confusion_matrix(
        ["setosa", "<img src=x onerror=document.title='broken in'>", "virginica"], [[10, 0, 0], [0, 9, 1], [0, 0, 10]]
    )
    fpr = [0.0, 0.0, 0.02, 0.1, 0.4, 1.0]
    classification.log_roc_curve(fpr, [0.0, 0.6, 0.9, 0.97, 1.0, 1.0], [1.0, 0.9, 0.7, 0.4, 0.2, 0.0])
    report.uri += ".html"
    page = "<title>r</title><h1>Evaluation</h1><p>30 rows</p>"
    pathlib.Path(report.path).write_text(page)
    rules = [
        {"name": "finite", "passed": True, "value": 0.0664, "comparison": "is", "threshold": None,
         "sentence": "Accuracy and loss are finite."},
        {"name": "floor", "passed": passed, "value": accuracy, "comparison": ">=", "threshold": min_accuracy,
         "sentence": f"Accuracy is {accuracy:.4f}; at least {min_accuracy:.4f} was asked."},
    ]  # fmt: skip
    summary = "Passed all 2 rules on 30 rows." if passed else f"Kept back. {rules[1]['sentence']}"
    record = {"passed": passed, "summary": summary, "rules": rules, "rows": 30}
    record["importance"] = {"columns": [{"column": "petal_width", "loss": 0.75, "metric": 0.3}]}
    record["calibration"] = {"error": 0.125, "bins": [{"confidence": 0.9, "accuracy": 0.8}]}
    row = {"row": 7, "label": "no", "probability": 0.1, "answer": "yes", "confidence": 0.9}
    record["worst_rows"] = [{**row, "instance": {"petal_width": 1.5}}]
    pathlib.Path(decision.path).write_text(json.dumps(record))
    decision.metadata["passed"] = passed
    return (passed,)


@component()
def announce(text: str) -> str:
    """Says something."""
    print("announcing", text)
    return f"said {text}"


@component()
def read_broken_rows(source: str, rows: dsl.Output[dsl.Dataset]):
    """Fails."""
    print("reading", source)
    raise ValueError('broken.csv, line 5, column petal_length: "<b>wide</b>" is not a number.')


@component()
def wait_for(path: str):
    """Waits until a file is there."""
    import os
    import time

    print("waiting", flush=True)
    while not os.path.exists(path):
        time.sleep(0.05)
    print("it is there", flush=True)


@component()
def wait_for_all(path: str):
    """Says which replica it is, and waits until a file is there."""
    import json
    import os
    import time

    task = json.loads(os.environ["CLUSTER_SPEC"])["task"]
    print("this is number", task["index"], "of", task["type"], flush=True)
    while not os.path.exists(path):
        time.sleep(0.05)


@dsl.pipeline(name="flowers", description="What a run of a classifier leaves behind.")
def flowers(source: str = "flowers.csv", steps: int = 200, accuracy: float = 0.9667, min_accuracy: float = 0.9):
    data = read_rows(source=source).set_display_name("Read <i>rows</i>")
    training = train(rows=data.outputs["rows"], steps=steps).set_display_name("Train the model")
    evaluation = evaluate(model=training.outputs["model"], accuracy=accuracy, min_accuracy=min_accuracy)
    evaluation.set_display_name("Evaluate and decide")
    with dsl.If(evaluation.outputs["passed"] == True, name="gate is open"):  # noqa: E712 - kfp compares channels
        registered = announce(text="register")
        announce(text=registered.output)
    with dsl.ParallelFor(["red", "blue"]) as colour:
        announce(text=colour)


@dsl.pipeline(name="broken-flowers")
def broken_flowers(source: str = "broken.csv"):
    data = read_broken_rows(source=source)
    train(rows=data.outputs["rows"], steps=10)


@dsl.pipeline(name="waiting-flowers")
def waiting_flowers(path: str):
    waited = wait_for(path=path)
    announce(text="after").after(waited)


@dsl.pipeline(name="replicated-flowers")
def replicated_flowers(path: str):
    as_job = create_custom_training_job_from_component(
        wait_for_all, display_name="flowers-as-a-job", machine_type="n1-standard-8", replica_count=3
    )
    as_job(path=path).set_display_name("Train on three")


PIPELINES = {pipeline.name: pipeline for pipeline in (flowers, broken_flowers, waiting_flowers, replicated_flowers)}


def compile_pipeline(name: str, folder: Path) -> Path:
    """Compiles a pipeline of this file into a folder and returns the path of its YAML."""
    path = folder / f"{name}.yaml"
    compiler.Compiler().compile(PIPELINES[name], str(path))
    return path
