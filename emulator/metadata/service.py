"""MetadataService: its methods and where they are."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.api.routes import LOCATION, Route
from emulator.metadata import links, queries, stores
from emulator.metadata.resources import ARTIFACTS, CONTEXTS, EXECUTIONS
from emulator.service import Service

STORES, STORE = f"{LOCATION}/metadataStores", f"{LOCATION}/metadataStores/*"
ARTIFACT, CONTEXT, EXECUTION = (f"{STORE}/{collection}/*" for collection in ("artifacts", "contexts", "executions"))


def _resource_routes() -> Iterator[Route]:
    for resources in (CONTEXTS, ARTIFACTS, EXECUTIONS):
        noun, field, held = resources.kind.noun, resources.kind.field, f"{STORE}/{resources.kind.collection}"
        yield Route(f"Create{noun}", "POST", held, "parent", field, resources.create)
        yield Route(f"Get{noun}", "GET", f"{held}/*", "name", "", resources.get)
        yield Route(f"List{noun}s", "GET", held, "parent", "", resources.list_page)
        yield Route(f"Update{noun}", "PATCH", f"{held}/*", f"{field}.name", field, resources.update)
        yield Route(f"Delete{noun}", "DELETE", f"{held}/*", "name", "", resources.delete)


class Metadata(Service):
    """Metadata stores and what they hold."""

    routes = (
        Route("CreateMetadataStore", "POST", STORES, "parent", "metadata_store", stores.create_metadata_store),
        Route("GetMetadataStore", "GET", STORE, "name", "", stores.get_metadata_store),
        Route("ListMetadataStores", "GET", STORES, "parent", "", stores.list_metadata_stores),
        Route("DeleteMetadataStore", "DELETE", STORE, "name", "", stores.delete_metadata_store),
        Route("AddContextChildren", "POST", f"{CONTEXT}:addContextChildren", "context", "*",
              links.add_context_children),
        Route("RemoveContextChildren", "POST", f"{CONTEXT}:removeContextChildren", "context", "*",
              links.remove_context_children),
        Route("AddContextArtifactsAndExecutions", "POST", f"{CONTEXT}:addContextArtifactsAndExecutions", "context", "*",
              links.add_context_artifacts_and_executions),
        Route("AddExecutionEvents", "POST", f"{EXECUTION}:addExecutionEvents", "execution", "*",
              links.add_execution_events),
        Route("QueryExecutionInputsAndOutputs", "GET", f"{EXECUTION}:queryExecutionInputsAndOutputs", "execution", "",
              queries.query_execution_inputs_and_outputs),
        Route("QueryContextLineageSubgraph", "GET", f"{CONTEXT}:queryContextLineageSubgraph", "context", "",
              queries.query_context_lineage_subgraph),
        Route("QueryArtifactLineageSubgraph", "GET", f"{ARTIFACT}:queryArtifactLineageSubgraph", "artifact", "",
              queries.query_artifact_lineage_subgraph),
        *_resource_routes(),
    )  # fmt: skip
