"""ModelService: upload, get, list, update and delete of models."""

from __future__ import annotations

from typing import Any

from google.cloud.aiplatform_v1.types import (
    DeleteModelRequest,
    DeleteOperationMetadata,
    GetModelRequest,
    ListModelsRequest,
    ListModelsResponse,
    Model,
    UpdateModelRequest,
    UploadModelOperationMetadata,
    UploadModelRequest,
    UploadModelResponse,
)
from google.longrunning.operations_pb2 import Operation

from emulator.api import names, operations
from emulator.api.calls import Call
from emulator.api.clock import now
from emulator.api.errors import ApiError, already_exists, invalid, invalid_fields, precondition
from emulator.api.etags import require_etag
from emulator.api.filters import parse_filter
from emulator.api.listing import page_of_records
from emulator.api.masks import read, require_mask
from emulator.api.names import ModelName
from emulator.api.store import Transaction
from emulator.api.validation import (
    display_name_violations,
    label_violations,
    service_account_violations,
)
from emulator.models import registry
from emulator.models.aliases import aliases_of_new_version
from emulator.models.evaluations import EVALUATIONS
from emulator.models.fields import MODEL_FILTERS
from emulator.models.registry import MODELS, VERSIONS, put_version, require_model, require_version
from emulator.models.rules import upload_violations

DEDICATED: Any = Model.DeploymentResourcesType.DEDICATED_RESOURCES
SHARED_FIELDS = ("display_name", "description", "labels")
VERSION_FIELDS = ("version_description", "labels")
# Cleared from an upload: the server alone sets them.
OUTPUT_ONLY = (
    "name", "version_id", "version_create_time", "version_update_time", "create_time", "update_time",
    "supported_export_formats", "training_pipeline", "pipeline_job", "deployed_models", "etag", "data_stats",
    "model_source_info", "original_model_info", "metadata_artifact", "satisfies_pzs", "satisfies_pzi",
    "supported_deployment_resources_types", "supported_input_storage_formats",
    "supported_output_storage_formats",
    "checkpoints",
)  # fmt: skip


def upload_model(call: Call[UploadModelRequest]) -> Operation:
    """UploadModel: a new model, or a new version of one."""
    request = call.request
    violations = upload_violations(request.model)
    violations += service_account_violations(request.service_account, "service_account")
    if violations:
        raise invalid_fields(violations)
    name = _name_for_upload(call.tx, request)
    artifact = request.model.artifact_uri
    if artifact and not call.objects.holds(artifact):
        missing = ApiError("NOT_FOUND", f'There is no object at or below "{artifact}", the model\'s artifact_uri.')
        return operations.failed(call.tx, name, UploadModelOperationMetadata(), missing)
    version = _add_version(call.tx, name, request.model)
    return operations.done(
        call.tx,
        name,
        UploadModelOperationMetadata(),
        UploadModelResponse(model=name, model_version_id=version.version_id),
    )


def _name_for_upload(tx: Transaction, request: UploadModelRequest) -> str:
    if not request.parent_model:
        name = f"{request.parent}/models/{names.model_id(request.model_id)}"
        if tx.get(MODELS, name) is not None:
            raise already_exists("Model", name)
        return name
    if request.model_id:
        raise invalid("model_id", "cannot be given together with parent_model.")
    parent = names.require_model_name(request.parent_model, "parent_model")
    if parent.version or names.location_of(parent.model) != request.parent:
        raise invalid(
            "parent_model",
            f'must name a model of {request.parent}, without a version. Received: "{request.parent_model}".',
        )
    return require_model(tx, parent.model).name


def _add_version(tx: Transaction, name: str, uploaded: Model) -> Model:
    moment = now()
    version = Model(uploaded)
    for field in OUTPUT_ONLY:
        type(version).pb(version).ClearField(field)
    if tx.get(MODELS, name) is None:
        shared = Model(
            name=name,
            display_name=uploaded.display_name,
            description=uploaded.description,
            create_time=moment,
            update_time=moment,
        )
        tx.put(MODELS, name, shared)
    before = {held.version_id: list(held.version_aliases) for held in tx.children(VERSIONS, name)}
    version.version_id = str(tx.next_number(f"{name}@"))
    version.version_create_time = version.version_update_time = moment
    if "container_spec" in version:
        version.supported_deployment_resources_types = [DEDICATED]
    aliases = aliases_of_new_version(before, version.version_id, version.version_aliases)
    version.version_aliases = aliases[version.version_id]
    put_version(tx, name, version)
    registry.put_aliases(tx, name, aliases)
    return version


def get_model(call: Call[GetModelRequest]) -> Model:
    """GetModel: the default version, or the one that the name gives by id or alias."""
    name = ModelName.parse(call.request.name)
    return shown_version(call.tx, name)


def shown_version(tx: Transaction, name: ModelName) -> Model:
    """The version that a name means, as the API answers it."""
    version = require_version(tx, name)
    model = require_model(tx, name.model)
    return registry.shown(model, version, registry.deployments(tx), with_version=name.version not in {"", "-"})


def list_models(call: Call[ListModelsRequest]) -> ListModelsResponse:
    """ListModels: the default version of each model, newest first."""
    request = call.request
    keep = parse_filter(request.filter, MODEL_FILTERS)
    places = registry.deployments(call.tx)

    def show(model: Model) -> Model:
        version = require_version(call.tx, ModelName(model.name, ""))
        return registry.shown(model, version, places, with_version=False)

    shown_page, token = page_of_records(call.tx, MODELS, request.parent, request, keep, show=show)
    return ListModelsResponse(models=read(shown_page, request.read_mask), next_page_token=token)


def update_model(call: Call[UpdateModelRequest]) -> Model:
    """UpdateModel: fields of a model, or, where the name has a version, of that version."""
    name = ModelName.parse(call.request.model.name)
    paths = require_mask(call.request.update_mask.paths, tuple(dict.fromkeys(SHARED_FIELDS + VERSION_FIELDS)))
    of_version = name.version not in {"", "-"}
    version = require_version(call.tx, name)
    others = [path for path in paths if path not in (VERSION_FIELDS if of_version else SHARED_FIELDS)]
    if others:
        noun, fields = ("version", VERSION_FIELDS) if of_version else ("model", SHARED_FIELDS)
        raise precondition(
            f'An update of the {noun} "{call.request.model.name}" can change only {", ".join(fields)}. Received: '
            f"{', '.join(others)}. Model fields and version fields need updates of their own."
        )
    changed = call.request.model
    _require_valid_update(changed, paths)
    require_etag(changed.etag, shown_version(call.tx, name).etag, call.request.model.name)
    target = version if of_version else require_model(call.tx, name.model)
    for path in paths:
        setattr(target, path, getattr(changed, path))
    if of_version:
        version.version_update_time = now()
        put_version(call.tx, name.model, version)
    else:
        target.update_time = now()
        call.tx.put(MODELS, name.model, target)
    return shown_version(call.tx, name)


def _require_valid_update(model: Model, paths: list[str]) -> None:
    violations = []
    if "display_name" in paths:
        violations += display_name_violations(model.display_name, "model.display_name")
    if "labels" in paths:
        violations += label_violations(model.labels, "model.labels")
    if violations:
        raise invalid_fields(violations)


def delete_model(call: Call[DeleteModelRequest]) -> Operation:
    """DeleteModel: the model with its versions and evaluations, unless one of them is deployed."""
    name = call.request.name
    model = require_model(call.tx, ModelName.parse(name).model)
    if model.name != name:
        raise invalid("name", f'must name a model without a version; use deleteVersion for one. Received: "{name}".')
    registry.require_not_deployed(call.tx, name)
    call.tx.delete(MODELS, name)
    call.tx.delete_children(VERSIONS, name)
    call.tx.delete_children(EVALUATIONS, name)
    call.tx.forget_number(f"{name}@")
    return operations.done(call.tx, names.location_of(name), DeleteOperationMetadata())
