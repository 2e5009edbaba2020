"""The tuning pipeline: upload data, search, train with the best values found, and from there on as the other does."""

import inspect
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any

from kfp import dsl
from kfp.dsl.base_component import BaseComponent

from components.choose_trial import choose_trial
from components.plan_trials import plan_trials
from pipeline.config import RunConfig, Tuning
from pipeline.custom_job import ACCOUNT_OF_RUN, worker_pools
from pipeline.definition import pipeline_tasks
from trainer.config import Hyperparameters


def define_tuning_pipeline(config: RunConfig) -> BaseComponent:
    """The DAG of a search, with the parameters of the other pipeline and those of the search.

    What the search finds is trained on all training rows, and passes the same gate on the same evaluation rows as any
    run: no trial sees those.

    Args:
        config: Gives what the file fixes, and the parameters' defaults.
    """
    parameters = {**_search_parameters(config), **inspect.signature(pipeline_tasks(config)).parameters}

    def tuning_pipeline(*values: Any) -> None:
        given = dict(zip(parameters, values, strict=True))

        def find_trial(data: dsl.PipelineTask) -> Mapping[str, Any]:
            return {"trial": _best_trial(config, data, given).outputs["trial"]}

        others = {name: value for name, value in given.items() if name not in Tuning.model_fields}
        pipeline_tasks(config, find_trial)(**others)

    vars(tuning_pipeline)["__signature__"] = inspect.Signature([*parameters.values()])
    return dsl.pipeline(
        name=config.tuning_pipeline_name,
        description="Searches for hyperparameters of a DNN classifier, trains with the best, gates and rolls out.",
    )(tuning_pipeline)


def _search_parameters(config: RunConfig) -> dict[str, inspect.Parameter]:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    values = config.model_dump(include=set(Tuning.model_fields))
    return {
        name: inspect.Parameter(name, kind, default=value, annotation=type(value)) for name, value in values.items()
    }


def _best_trial(config: RunConfig, data: dsl.PipelineTask, given: Mapping[str, Any]) -> dsl.PipelineTask:
    """The paragraphs of the search; the last one's task puts out the best trial.

    Args:
        config: What the file fixes.
        data: Has stored the data.
        given: The pipeline's parameters by name.
    """
    plan = plan_trials(
        train_dataset=data.outputs["train_dataset"],
        contract=data.outputs["contract"],
        hyperparameters={name: given[name] for name in Hyperparameters.model_fields},
        search=given["search"],
        search_algorithm=given["search_algorithm"],
        trials=given["trials"],
        parallel_trials=given["parallel_trials"],
        tuning_metric=given["tuning_metric"],
        validation_fraction=given["validation_fraction"],
        worker_pools=worker_pools(config),
        staging_bucket=given["staging_bucket"],
    )
    plan.set_display_name("Plan the trials")
    plan.set_container_image(config.image)
    plan.set_caching_options(True)

    search = _tuning_job()(
        display_name=config.tuning_pipeline_name,
        base_output_directory=plan.outputs["folder"],
        worker_pool_specs=plan.outputs["worker_pool_specs"],
        study_spec_metrics=plan.outputs["study_metrics"],
        study_spec_parameters=plan.outputs["study_parameters"],
        study_spec_algorithm=plan.outputs["algorithm"],
        # Of the model that a trial leaves, and not the luckiest look at it.
        study_spec_measurement_selection_type="LAST_MEASUREMENT",
        max_trial_count=given["trials"],
        parallel_trial_count=given["parallel_trials"],
        service_account=ACCOUNT_OF_RUN,
        project=given["project"],
        location=given["location"],
    )
    search.set_display_name("Search")
    search.set_caching_options(True)

    choice = choose_trial(
        gcp_resources=search.outputs["gcp_resources"],
        tuning_metric=given["tuning_metric"],
        project=given["project"],
        location=given["location"],
    )
    choice.set_display_name("Choose the best trial")
    choice.set_container_image(config.image)
    choice.set_caching_options(True)
    return choice


def _tuning_job() -> Any:
    """`HyperparameterTuningJobRunOp`, from its file: its package loads the whole SDK, in 4 s, for two helpers."""
    from google_cloud_pipeline_components import v1

    loader = SourceFileLoader("tuning_job_component", f"{v1.__path__[0]}/hyperparameter_tuning_job/component.py")
    module = ModuleType(loader.name)
    loader.exec_module(module)
    return module.hyperparameter_tuning_job
