from __future__ import annotations

import asyncio
import io
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.console.charts import POINTS_SHOWN, calibration_chart, curve_chart, roc_chart
from emulator.console.curves import Curve, by_tag, is_event_file, read_curves, run_of
from emulator.console.decision import number_text, parse_decision
from emulator.console.insight import Importance, Insight, WorstRow, parse_insight
from emulator.console.metrics import Roc, parse_confusion, parse_roc
from emulator.console.objects import ObjectReader
from emulator.console.results import Results, artifacts_to_show, read_results
from emulator.console.runs import parse_run
from emulator.console.tasks import ArtifactView
from tests.emulator.console.sample_jobs import CLASSIFICATION, job
from tests.emulator.vertex_emulator import VertexEmulator, storage_client

DECISION = {
    "passed": False,
    "summary": "Kept back.",
    "rows": 30,
    "rules": [
        {"name": "finite", "passed": True, "value": None, "comparison": "is", "threshold": None, "sentence": "Fine."},
        {"name": "better_than", "passed": False, "value": 0.8, "comparison": ">=", "threshold": 0.9, "sentence": "No."},
    ],
}


def event_file() -> bytes:
    """An event file as TensorFlow and others write them, with one scalar in each of the two forms."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.summary.writer.record_writer import RecordWriter

    file = io.BytesIO()
    writer = RecordWriter(file)
    plugin = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="scalars"))
    for step, loss in ((2, 0.5), (0, 1.5), (4, float("nan"))):
        tensor = TensorProto(dtype=1, float_val=[1 - loss])
        values = [Summary.Value(tag="loss", simple_value=loss)]
        values += [Summary.Value(tag="accuracy", tensor=tensor, metadata=plugin)]
        writer.write(Event(step=step, summary=Summary(value=values)).SerializeToString())
    return file.getvalue()


def test_read_curves_reads_both_forms_of_scalars_in_the_order_of_steps() -> None:
    curves = read_curves([("train", event_file())])
    assert [(curve.run, curve.tag, curve.points) for curve in curves] == [
        ("train", "accuracy", ((0, -0.5), (2, 0.5))),
        ("train", "loss", ((0, 1.5), (2, 0.5))),
    ]
    assert list(by_tag(curves)) == ["accuracy", "loss"]


def test_read_curves_reads_a_file_that_is_still_being_written() -> None:
    whole = event_file()
    assert [curve.points for curve in read_curves([("", whole[:-20])])] == [((0, -0.5), (2, 0.5)), ((0, 1.5), (2, 0.5))]
    assert read_curves([("", b"no event file at all")]) == []


@pytest.mark.run
def test_read_curves_loads_no_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "events").write_bytes(event_file())
    script = (
        "import pathlib, sys; from emulator.console.curves import read_curves\n"
        "assert read_curves([('', pathlib.Path(sys.argv[1]).read_bytes())])\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "events")], check=True)


def test_runs_of_a_log_are_called_as_tensorboard_calls_them() -> None:
    assert run_of("gs://b/log/logs/train/events.out.tfevents.1", "gs://b/log") == "train"
    assert run_of("gs://b/log/events.out.tfevents.1", "gs://b/log/") == ""
    assert is_event_file("gs://b/log/events.out.tfevents.1.host")
    assert not is_event_file("gs://b/tfevents/readme.txt")


def test_parse_confusion_reads_kfp_and_vertex() -> None:
    matrix = CLASSIFICATION["metadata"]["confusionMatrix"]  # type: ignore[index]
    for rows in (matrix["rows"], [row["row"] for row in matrix["rows"]]):
        confusion = parse_confusion({"confusionMatrix": {**matrix, "rows": rows}})
        assert confusion is not None
        assert (confusion.classes, confusion.rows) == (("no", "yes"), ((8.0, 2.0), (1.0, 9.0)))


@pytest.mark.parametrize(
    "metrics",
    [
        {},
        {"confusionMatrix": "none"},
        {"confusionMatrix": {"annotationSpecs": [{"displayName": "no"}], "rows": [[1, 2]]}},
        {"confusionMatrix": {"annotationSpecs": [], "rows": []}},
        {"confidenceMetrics": [{"recall": "x"}, {"recall": 1.0}]},
        {"confidenceMetrics": 3},
    ],
)
def test_metrics_that_cannot_be_drawn_are_left_out(metrics: dict[str, object]) -> None:
    assert parse_confusion(metrics) is None
    assert parse_roc(metrics) is None


def test_parse_roc_orders_points_and_fills_in_the_zeros_that_protobuf_drops() -> None:
    roc = parse_roc(CLASSIFICATION["metadata"])  # type: ignore[arg-type]
    assert roc == Roc(((0.0, 0.8, 0.9), (1.0, 1.0, 0.1)))
    assert roc.area == pytest.approx(0.9)


def test_parse_decision_reads_rules_with_their_numbers() -> None:
    decision = parse_decision(json.dumps(DECISION).encode())
    assert decision is not None
    assert (decision.passed, decision.summary, decision.rows) == (False, "Kept back.", 30)
    assert [(rule.name, rule.passed, rule.value, rule.asked) for rule in decision.rules] == [
        ("finite", True, "", ""),
        ("better than", False, "0.8000", ">= 0.9000"),
    ]


INSIGHT = {
    "importance": {"columns": [{"column": "width", "loss": 0.5, "metric": 0.1}, {"column": "x"}, 3]},
    "worst_rows": [
        {
            "row": 7,
            "label": "no",
            "probability": 0.1,
            "answer": "yes",
            "confidence": 0.9,
            "instance": {"width": 1.5},
        }
    ],
    "calibration": {"error": 0.2, "bins": [{"confidence": 0.9, "accuracy": 0.5}, {"confidence": math.nan}]},
}


def test_parse_decision_reads_what_else_is_told_of_the_model() -> None:
    decision = parse_decision(json.dumps({**DECISION, **INSIGHT}).encode())
    assert decision is not None
    assert decision.insight == Insight(
        (Importance("width", 0.5, 0.1),),
        (WorstRow(7, "no", 0.1, "yes", 0.9, {"width": 1.5}),),
        0.2,
        ((0.9, 0.5),),
    )
    assert calibration_chart(decision.insight.calibration)["series"][0]["data"] == [[0.9, 0.5]]


@pytest.mark.parametrize("record", [{}, {"importance": [], "worst_rows": {"row": 1}, "calibration": "good"}])
def test_insight_of_another_form_is_left_out(record: dict[str, object]) -> None:
    assert parse_insight(record) == Insight()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"rules": 1}', b"\xff", b"[" * 100_000])
def test_parse_decision_knows_what_is_none(content: bytes) -> None:
    assert parse_decision(content) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (30, "30"), (30.0, "30"), (0.96667, "0.9667"), (0.0000123, "1.23e-05"), ("x", "x"), (1e300, "1e+300")],
)
def test_number_text(value: object, text: str) -> None:
    assert number_text(value) == text


def test_charts_hold_names_as_values_and_never_as_keys() -> None:
    name = ":formatter <b>"
    roc = roc_chart({name: Roc(((0.0, 0.5, 0.9), (1.0, 1.0, 0.1)))})
    curve = curve_chart([Curve(name, "loss", ((0, 1.0), (1, 0.5)))])
    for options in (roc, curve):
        assert options["series"][0]["name"].startswith(name)
        assert name not in str(keys_of(options))
        assert options["tooltip"]["renderMode"] == "richText"


def keys_of(value: object) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for item in value.values() for key in keys_of(item))]
    return [key for item in value for key in keys_of(item)] if isinstance(value, list) else []


def test_curve_chart_thins_long_curves_and_keeps_their_end() -> None:
    points = tuple((step, float(step)) for step in range(50_000))
    data = curve_chart([Curve("train", "loss", points)])["series"][0]["data"]
    assert len(data) == POINTS_SHOWN + 1
    assert data[0] == [0, 0.0]
    assert data[-1] == [49_999, 49_999.0]


def put(emulator: VertexEmulator, name: str, content: bytes) -> None:
    storage_client(emulator).bucket("console-results").blob(name).upload_from_string(content)


def results_of(emulator: VertexEmulator, artifacts: dict[str, ArtifactView]) -> Results:
    async def read() -> Results:
        objects = ObjectReader(emulator.running["storageAddress"])
        try:
            return await read_results(objects, artifacts)
        finally:
            await objects.close()

    return asyncio.run(read())


@pytest.mark.run
def test_read_results_finds_decision_curves_and_report_among_artifacts(emulator: VertexEmulator) -> None:
    storage_client(emulator).create_bucket("console-results")
    put(emulator, "run/decision", json.dumps(DECISION).encode())
    put(emulator, "run/log/logs/train/events.out.tfevents.1", event_file())
    put(emulator, "run/decision-of-another", b"{}")
    artifacts = {
        name: ArtifactView(name, kind, f"gs://console-results/run/{name}", {}, "")
        for name, kind in (("decision", "system.Artifact"), ("log", "system.Artifact"), ("page", "system.HTML"))
    }
    artifacts["elsewhere"] = ArtifactView("elsewhere", "system.Artifact", "/x", {}, "")
    artifacts["gone"] = ArtifactView("gone", "system.Artifact", "gs://other/x", {}, "")
    results = results_of(emulator, artifacts | artifacts_to_show(parse_run(job())))
    assert list(results.decisions) == ["decision"]
    assert {(curve.run, curve.tag) for curve in results.curves} == {("train", "loss"), ("train", "accuracy")}
    assert results.reports == {"page": "gs://console-results/run/page"}
    assert results.metrics == {"train: metrics": {"accuracy": 0.9667, "rows": 30.0}}
    assert list(results.confusions) == list(results.rocs) == ["train: classification"]
    assert results.notes == []
