"""Choose the best trial of a hyperparameter tuning job."""

from typing import Any, NamedTuple

from kfp import dsl

from components.image import TRAINER_IMAGE


@dsl.component(base_image=TRAINER_IMAGE, install_kfp_package=False)
def choose_trial(
    gcp_resources: str,
    tuning_metric: str,
    project: str,
    location: str,
    metrics: dsl.Output[dsl.Metrics],
    trials: dsl.Output[dsl.Artifact],
) -> NamedTuple("Outputs", [("trial", dict[str, Any])]):
    """Reads what has come of the trials, and picks the one with the best metric on the rows that validate.

    Args:
        gcp_resources: The tuning job, as HyperparameterTuningJobRunOp tells it.
        tuning_metric: What the trials are compared by: accuracy or loss.
        project: Google Cloud project.
        location: Region.
        metrics: The best trial's number and metric, how many trials there were, and how many succeeded.
        trials: A JSON record of all trials: their values, states and metrics; the best one as metadata.

    Returns:
        trial: The best one: its job, id, metric and value, and the parameters that it tried, by name.
    """
    import json
    from pathlib import Path

    from components.vertex.connection import connect
    from components.vertex.trials import SUCCEEDED, best_of, job_named_in, record_of, trials_of

    job = job_named_in(gcp_resources)
    found = trials_of(connect(project, location), job, tuning_metric)
    best = best_of(found, tuning_metric)
    Path(trials.path).write_text(json.dumps(record_of(job, tuning_metric, found, best), indent=2), encoding="utf-8")
    trial = {
        "job": job,
        "id": best.id,
        "metric": tuning_metric,
        "value": best.value,
        "parameters": dict(best.parameters),
    }
    trials.metadata["trial"] = trial
    metrics.log_metric("best_trial", int(best.id))
    metrics.log_metric(f"validation_{tuning_metric}", best.value)
    metrics.log_metric("trials", len(found))
    metrics.log_metric("trials_succeeded", sum(trial.state == SUCCEEDED for trial in found))
    return (trial,)
