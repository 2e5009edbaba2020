"""ModelService: versions of a model and their aliases."""

from __future__ import annotations

from google.cloud.aiplatform_v1.types import (
    DeleteModelVersionRequest,
    DeleteOperationMetadata,
    ListModelVersionsRequest,
    ListModelVersionsResponse,
    MergeVersionAliasesRequest,
    Model,
)
from google.longrunning.operations_pb2 import Operation

from emulator.api import operations
from emulator.api.calls import Call
from emulator.api.clock import now
from emulator.api.errors import invalid, precondition
from emulator.api.filters import Field, conditions_of, parse_filter
from emulator.api.listing import page_of_records
from emulator.api.masks import read
from emulator.api.names import ModelName, id_of, parent_of
from emulator.models import registry
from emulator.models.aliases import DEFAULT, merged
from emulator.models.evaluations import EVALUATIONS
from emulator.models.methods import shown_version
from emulator.models.registry import VERSIONS, put_version, require_model, require_version, version_record_name


def list_model_versions(call: Call[ListModelVersionsRequest]) -> ListModelVersionsResponse:
    """ListModelVersions: oldest first, each named with its version id."""
    request = call.request
    model = require_model(call.tx, ModelName.parse(request.name).model)
    shared = {f"labels.{key}" for key in model.labels}
    labels = Field(lambda version: registry.labels_of(Model.pb(model), version), kind="labels")
    keep = parse_filter(request.filter, {"labels": labels})
    # What a version has of its model is none of its facts.
    conditions = [condition for condition in conditions_of(keep) if condition.field not in shared]
    asked, token = page_of_records(
        call.tx, VERSIONS, model.name, request, keep, conditions=conditions, newest_first=False
    )
    places = registry.deployments(call.tx)
    shown = [registry.shown(model, version, places, with_version=True) for version in asked]
    return ListModelVersionsResponse(models=read(shown, request.read_mask), next_page_token=token)


def merge_version_aliases(call: Call[MergeVersionAliasesRequest]) -> Model:
    """MergeVersionAliases: gives aliases to a version, or takes them from it."""
    name = ModelName.parse(call.request.name)
    if name.version in {"", "-"}:
        raise invalid("name", f'must end in @VERSION. Received: "{call.request.name}".')
    version = require_version(call.tx, name)
    versions = call.tx.children(VERSIONS, name.model)
    before = {held.version_id: list(held.version_aliases) for held in versions}
    after = merged(before, version.version_id, list(call.request.version_aliases))
    version.version_update_time = now()
    put_version(call.tx, name.model, version)
    registry.put_aliases(call.tx, name.model, after)
    return shown_version(call.tx, ModelName(name.model, version.version_id))


def delete_model_version(call: Call[DeleteModelVersionRequest]) -> Operation:
    """DeleteModelVersion: not of the only version, of a deployed one, or of the default one."""
    name = ModelName.parse(call.request.name)
    if name.version in {"", "-"}:
        raise invalid("name", f'must end in @VERSION. Received: "{call.request.name}".')
    version = require_version(call.tx, name)
    versions = call.tx.children(VERSIONS, name.model)
    if len(versions) == 1:
        raise precondition(
            f'"{call.request.name}" is the only version of its model and cannot be deleted. Delete the model instead.'
        )
    registry.require_not_deployed(call.tx, name.model, version.version_id)
    # A guess: the documents do not say who would be the default afterwards.
    if DEFAULT in version.version_aliases:
        raise precondition(
            f'"{call.request.name}" is the default version and cannot be deleted. Move the default alias to another '
            "version first."
        )
    call.tx.delete(VERSIONS, version_record_name(name.model, version.version_id))
    for evaluation in call.tx.children(EVALUATIONS, name.model):
        if ModelName.parse(parent_of(evaluation.name)).version == version.version_id:
            call.tx.delete(EVALUATIONS, f"{name.model}/evaluations/{id_of(evaluation.name)}")
    return operations.done(call.tx, name.model, DeleteOperationMetadata())
