"""Which methods are served, and at which paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from google.cloud.aiplatform_v1 import types
from google.longrunning import operations_pb2

from emulator import (
    deployments,
    endpoints,
    evaluations,
    metadata_links,
    metadata_queries,
    metadata_stores,
    models,
    operations,
    pipeline_batches,
    pipeline_jobs,
    pipeline_listing,
    schedules,
)
from emulator import model_versions as versions
from emulator.api_errors import ApiError
from emulator.metadata_resources import ARTIFACTS, CONTEXTS, EXECUTIONS
from emulator.paths import Path, method_name

LOCATION = "projects/*/locations/*"
MODEL = f"{LOCATION}/models/*"
EVALUATION = f"{MODEL}/evaluations/*"
ENDPOINT = f"{LOCATION}/endpoints/*"
# By a collection whose methods are not served: what clients can do without it.
REMEDIES = {
    "tensorboards": "Experiments work without it: pass experiment_tensorboard=False to aiplatform.init().",
}
PIPELINE_JOB = f"{LOCATION}/pipelineJobs/*"
SCHEDULE = f"{LOCATION}/schedules/*"


class Route(NamedTuple):
    """One method of the API.

    Attributes:
        rpc: Its name; its request message is called {rpc}Request.
        http_method: GET, POST, PATCH or DELETE.
        template: Its path below the version, `*` for each value, with the verb after a colon.
        path_field: The message's field that takes the path's resource name, dotted where nested.
        body_field: The field that the body fills: `*` for the message itself, empty for none.
        handler: What answers, inside a transaction; None where server.py answers without one.
    """

    rpc: str
    http_method: str
    template: str
    path_field: str
    body_field: str
    handler: Callable[[Any], Any] | None

    def answer(self, call: Any) -> Any:
        """Answers a request."""
        if self.handler is None:
            raise ApiError("UNIMPLEMENTED", f"{self.rpc} needs no transaction.")
        return self.handler(call)

    @property
    def request_type(self) -> type[Any]:
        """The message that the request is read as."""
        name = f"{self.rpc}Request"
        found: type[Any] = getattr(types, name, None) or getattr(operations_pb2, name)
        return found


def _operation_routes(owner: str) -> list[Route]:
    held, one = f"{owner}/operations", f"{owner}/operations/*"
    return [
        Route("GetOperation", "GET", one, "name", "", operations.get_operation),
        Route("ListOperations", "GET", held, "name", "", operations.list_operations),
        Route("CancelOperation", "POST", f"{one}:cancel", "name", "*", operations.cancel_operation),
        Route("DeleteOperation", "DELETE", one, "name", "", operations.delete_operation),
        Route("WaitOperation", "POST", f"{one}:wait", "name", "*", operations.get_operation),
    ]  # fmt: skip


def _metadata_routes() -> list[Route]:
    stores, store = f"{LOCATION}/metadataStores", f"{LOCATION}/metadataStores/*"
    artifact, context, execution = (f"{store}/{collection}/*" for collection in ("artifacts", "contexts", "executions"))
    routes = [
        Route("CreateMetadataStore", "POST", stores, "parent", "metadata_store", metadata_stores.create_metadata_store),
        Route("GetMetadataStore", "GET", store, "name", "", metadata_stores.get_metadata_store),
        Route("ListMetadataStores", "GET", stores, "parent", "", metadata_stores.list_metadata_stores),
        Route("DeleteMetadataStore", "DELETE", store, "name", "", metadata_stores.delete_metadata_store),
        Route("AddContextChildren", "POST", f"{context}:addContextChildren", "context", "*",
              metadata_links.add_context_children),
        Route("RemoveContextChildren", "POST", f"{context}:removeContextChildren", "context", "*",
              metadata_links.remove_context_children),
        Route("AddContextArtifactsAndExecutions", "POST", f"{context}:addContextArtifactsAndExecutions", "context", "*",
              metadata_links.add_context_artifacts_and_executions),
        Route("AddExecutionEvents", "POST", f"{execution}:addExecutionEvents", "execution", "*",
              metadata_links.add_execution_events),
        Route("QueryExecutionInputsAndOutputs", "GET", f"{execution}:queryExecutionInputsAndOutputs", "execution", "",
              metadata_queries.query_execution_inputs_and_outputs),
        Route("QueryContextLineageSubgraph", "GET", f"{context}:queryContextLineageSubgraph", "context", "",
              metadata_queries.query_context_lineage_subgraph),
        Route("QueryArtifactLineageSubgraph", "GET", f"{artifact}:queryArtifactLineageSubgraph", "artifact", "",
              metadata_queries.query_artifact_lineage_subgraph),
    ]  # fmt: skip
    for resources in (CONTEXTS, ARTIFACTS, EXECUTIONS):
        noun, field, held = resources.kind.noun, resources.kind.field, f"{store}/{resources.kind.collection}"
        routes += [
            Route(f"Create{noun}", "POST", held, "parent", field, resources.create),
            Route(f"Get{noun}", "GET", f"{held}/*", "name", "", resources.get),
            Route(f"List{noun}s", "GET", held, "parent", "", resources.list_page),
            Route(f"Update{noun}", "PATCH", f"{held}/*", f"{field}.name", field, resources.update),
            Route(f"Delete{noun}", "DELETE", f"{held}/*", "name", "", resources.delete),
        ]
    return routes


ROUTES = [
    Route("UploadModel", "POST", f"{LOCATION}/models:upload", "parent", "*", models.upload_model),
    Route("GetModel", "GET", MODEL, "name", "", models.get_model),
    Route("ListModels", "GET", f"{LOCATION}/models", "parent", "", models.list_models),
    Route("UpdateModel", "PATCH", MODEL, "model.name", "model", models.update_model),
    Route("DeleteModel", "DELETE", MODEL, "name", "", models.delete_model),
    Route("ListModelVersions", "GET", f"{MODEL}:listVersions", "name", "", versions.list_model_versions),
    Route("MergeVersionAliases", "POST", f"{MODEL}:mergeVersionAliases", "name", "*",
          versions.merge_version_aliases),
    Route("DeleteModelVersion", "DELETE", f"{MODEL}:deleteVersion", "name", "",
    versions.delete_model_version),
    Route("ImportModelEvaluation", "POST", f"{MODEL}/evaluations:import", "parent", "*",
          evaluations.import_model_evaluation),
    Route("GetModelEvaluation", "GET", EVALUATION, "name", "", evaluations.get_model_evaluation),
    Route("ListModelEvaluations", "GET", f"{MODEL}/evaluations", "parent", "",
          evaluations.list_model_evaluations),
    Route("CreateEndpoint", "POST", f"{LOCATION}/endpoints", "parent", "endpoint", endpoints.create_endpoint),
    Route("GetEndpoint", "GET", ENDPOINT, "name", "", endpoints.get_endpoint),
    Route("ListEndpoints", "GET", f"{LOCATION}/endpoints", "parent", "", endpoints.list_endpoints),
    Route("UpdateEndpoint", "PATCH", ENDPOINT, "endpoint.name", "endpoint", endpoints.update_endpoint),
    Route("DeleteEndpoint", "DELETE", ENDPOINT, "name", "", endpoints.delete_endpoint),
    Route("DeployModel", "POST", f"{ENDPOINT}:deployModel", "endpoint", "*", deployments.deploy_model),
    Route("UndeployModel", "POST", f"{ENDPOINT}:undeployModel", "endpoint", "*", deployments.undeploy_model),
    Route("MutateDeployedModel", "POST", f"{ENDPOINT}:mutateDeployedModel", "endpoint", "*",
          deployments.mutate_deployed_model),
    Route("Predict", "POST", f"{ENDPOINT}:predict", "endpoint", "*", None),
    Route("RawPredict", "POST", f"{ENDPOINT}:rawPredict", "endpoint", "*", None),
    Route("CreatePipelineJob", "POST", f"{LOCATION}/pipelineJobs", "parent", "pipeline_job",
          pipeline_jobs.create_pipeline_job),
    Route("GetPipelineJob", "GET", PIPELINE_JOB, "name", "", pipeline_jobs.get_pipeline_job),
    Route("ListPipelineJobs", "GET", f"{LOCATION}/pipelineJobs", "parent", "",
          pipeline_listing.list_pipeline_jobs),
    Route("CancelPipelineJob", "POST", f"{PIPELINE_JOB}:cancel", "name", "*",
          pipeline_jobs.cancel_pipeline_job),
    Route("DeletePipelineJob", "DELETE", PIPELINE_JOB, "name", "", pipeline_jobs.delete_pipeline_job),
    Route("BatchDeletePipelineJobs", "POST", f"{LOCATION}/pipelineJobs:batchDelete", "parent", "*",
          pipeline_batches.batch_delete_pipeline_jobs),
    Route("BatchCancelPipelineJobs", "POST", f"{LOCATION}/pipelineJobs:batchCancel", "parent", "*",
          pipeline_batches.batch_cancel_pipeline_jobs),
    Route("CreateSchedule", "POST", f"{LOCATION}/schedules", "parent", "schedule", schedules.create_schedule),
    Route("GetSchedule", "GET", SCHEDULE, "name", "", schedules.get_schedule),
    Route("ListSchedules", "GET", f"{LOCATION}/schedules", "parent", "", schedules.list_schedules),
    Route("UpdateSchedule", "PATCH", SCHEDULE, "schedule.name", "schedule", schedules.update_schedule),
    Route("PauseSchedule", "POST", f"{SCHEDULE}:pause", "name", "*", schedules.pause_schedule),
    Route("ResumeSchedule", "POST", f"{SCHEDULE}:resume", "name", "*", schedules.resume_schedule),
    Route("DeleteSchedule", "DELETE", SCHEDULE, "name", "", schedules.delete_schedule),
    *_metadata_routes(),
    *_operation_routes(LOCATION),
    *_operation_routes(MODEL),
    *_operation_routes(ENDPOINT),
]  # fmt: skip


def _key(http_method: str, segments: tuple[str, ...], verb: str) -> tuple[str, tuple[str, ...], int, str]:
    return http_method, segments[::2], len(segments), verb


def _index() -> dict[Any, Route]:
    index = {}
    for route in ROUTES:
        path, _, verb = route.template.partition(":")
        index[_key(route.http_method, tuple(path.split("/")), verb)] = route
    return index


_BY_KEY = _index()


def find_route(http_method: str, path: Path) -> Route:
    """The method at a path.

    Raises:
        ApiError: UNIMPLEMENTED, with the name of the method.
    """
    route = _BY_KEY.get(_key(http_method, path.segments, path.verb))
    served = route is not None and all(path.segments) and (path.version != "ui" or "Operation" in route.rpc)
    if route is None or not served:
        verb = f":{path.verb}" if path.verb else ""
        remedy = next(
            (REMEDIES[part] for part in path.segments[::2] if part in REMEDIES), "docs/emulator.md lists what is."
        )
        raise ApiError(
            "UNIMPLEMENTED",
            f"{method_name(http_method, path)} ({http_method} /{path.version}/{path.name}{verb}) is not served by "
            f"this emulator. {remedy}",
        )
    return route
