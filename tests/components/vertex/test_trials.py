from __future__ import annotations

import math
from typing import Any

import pytest

from components.vertex.errors import TuningError
from components.vertex.trials import Trial, best_of, job_named_in, label_of, record_of, sentence_of, trial_in

NAME = "projects/1/locations/europe-west4/hyperparameterTuningJobs/42"


def measured(number: int, value: float | None, state: str = "succeeded", reason: str = "") -> Trial:
    return Trial(str(number), state, {"num_layers": str(number)}, value, 100, reason)


def test_job_is_the_one_that_googles_component_names() -> None:
    told = (
        f'{{"resources": [{{"resourceType": "X", "resourceUri": "https://europe-west4-a.googleapis.com/v1/{NAME}"}}]}}'
    )
    assert job_named_in(told) == NAME
    for broken in ("", "{}", '{"resources": []}'):
        with pytest.raises(TuningError, match="`gcp_resources` names no tuning job"):
            job_named_in(broken)


def test_trial_is_read_from_what_vertex_tells() -> None:
    from google.cloud.aiplatform_v1.types import Trial as VertexTrial

    values = {"num_layers": 3.0, "learning_rate": 0.1 + 0.2, "optimizer": "adam"}
    final = {"step_count": 200, "metrics": [{"metric_id": "loss", "value": 0.5}]}
    told: dict[str, Any] = {
        "id": "7",
        "state": "SUCCEEDED",
        "parameters": [{"parameter_id": name, "value": value} for name, value in values.items()],
        "final_measurement": final,
    }
    parameters = {"num_layers": "3", "learning_rate": "0.30000000000000004", "optimizer": "adam"}
    assert trial_in(VertexTrial(told), "loss") == Trial("7", "succeeded", parameters, 0.5, 200, "")
    assert trial_in(VertexTrial(told), "accuracy").value is None
    failed = VertexTrial({"id": "8", "state": "INFEASIBLE", "infeasible_reason": "It diverged."})
    assert trial_in(failed, "loss") == Trial("8", "infeasible", {}, None, 0, "It diverged.")
    told["final_measurement"]["metrics"][0]["value"] = math.nan
    assert trial_in(VertexTrial(told), "loss").value is None


def test_best_is_the_first_of_the_best_that_succeeded() -> None:
    trials = [
        measured(1, 0.5),
        measured(2, 0.9),
        measured(3, 0.9),
        measured(4, 0.99, "stopping"),
        measured(5, None),
        measured(6, 0.1),
    ]
    assert best_of(trials, "accuracy").id == "2"
    assert best_of(trials, "loss").id == "6"


def test_search_without_a_value_tells_what_became_of_its_trials() -> None:
    trials = [measured(1, None, "infeasible", "Training diverged."), measured(2, None)]
    with pytest.raises(TuningError, match=r'finite "loss": of 2 trials, 1 infeasible, 1 succeeded\. Trial 1: Training'):
        best_of(trials, "loss")
    with pytest.raises(TuningError, match="of 0 trials, none"):
        best_of([], "loss")


def test_record_label_and_sentence_name_the_trial() -> None:
    best = measured(3, 0.95)
    record = record_of(NAME, "accuracy", [measured(1, 0.5), best], best)
    assert (record["best"], [trial["value"] for trial in record["trials"]]) == ("3", [0.5, 0.95])
    chosen = {"job": NAME, "id": "3", "metric": "accuracy", "value": 0.95833, "parameters": {"num_layers": "3"}}
    assert label_of(chosen) == "42-3"
    assert sentence_of(chosen) == "Tuned: num_layers 3, of trial 3 with accuracy 0.9583 on rows that validate."
