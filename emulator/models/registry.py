"""The model registry's records: what a model's versions share, the versions, and how the API shows them."""

from __future__ import annotations

from typing import Any

from google.cloud.aiplatform_v1.types import DeployedModelRef, DeployModelRequest, Endpoint, Model

from emulator.api.codec import table
from emulator.api.errors import not_found, precondition
from emulator.api.etags import etag_of
from emulator.api.facts import Facts
from emulator.api.filters import Condition
from emulator.api.names import VERSION_ID, ModelName
from emulator.api.store import Transaction
from emulator.models.aliases import DEFAULT
from emulator.models.fields import (
    ALIASES,
    ENDPOINT_FILTERS,
    ENDPOINT_ORDERS,
    MODEL_FILTERS,
    MODEL_ORDERS,
    VERSION_FILTERS,
    VERSION_ORDERS,
)


def _as_listed(tx: Transaction, model: Model) -> Any:
    """What a list can ask of a model: it shows it as its default version."""
    version = _version_with_alias(tx, model.name, DEFAULT)
    pb = Model.pb(Model(model) if version is None else _together(model, version))
    pb.name = model.name
    return pb


# A model: display name, description and labels, which its versions share. Named as in the API.
MODELS = table("models", Model, Facts(MODEL_FILTERS, MODEL_ORDERS, _as_listed))
# Its versions: everything else. Named projects/P/locations/L/models/M/versions/V.
VERSIONS = table("model_versions", Model, Facts(VERSION_FILTERS, VERSION_ORDERS))

ENDPOINTS = table("endpoints", Endpoint, Facts(ENDPOINT_FILTERS, ENDPOINT_ORDERS))
# Deployments under way, each under its operation's name, projects/P/locations/L/endpoints/E/operations/N.
PENDING_DEPLOYMENTS = table("pending_deployments", DeployModelRequest)


def version_record_name(model: str, version_id: str) -> str:
    """Under which name a version is kept."""
    return f"{model}/versions/{version_id}"


def require_model(tx: Transaction, name: str) -> Model:
    """The record that the versions of a model share.

    Raises:
        ApiError: NOT_FOUND.
    """
    return tx.require(MODELS, name, "Model")


def require_version(tx: Transaction, name: ModelName) -> Model:
    """The record of the version that a name with a version id, an alias, or neither means.

    Raises:
        ApiError: NOT_FOUND, where there is no such model, version or alias.
    """
    require_model(tx, name.model)
    wanted = name.version if name.version not in {"", "-"} else DEFAULT
    version: Model | None = None
    if VERSION_ID.fullmatch(wanted):
        version = tx.get(VERSIONS, version_record_name(name.model, wanted))
    else:
        version = _version_with_alias(tx, name.model, wanted)
    if version is None:
        raise not_found("Model", f"{name.model}@{wanted}")
    return version


def _version_with_alias(tx: Transaction, model: str, alias: str) -> Model | None:
    found = tx.walk(VERSIONS, model, conditions=[Condition.has(ALIASES, alias)])
    return next((version for _, version in found), None)


def put_version(tx: Transaction, model: str, version: Model) -> None:
    """Writes a version's record, and anew its model's where lists find that by this version, or did."""
    name = version_record_name(model, version.version_id)
    before = tx.get(VERSIONS, name)
    tx.put(VERSIONS, name, version)
    if any(DEFAULT in one.version_aliases for one in (before, version) if one is not None):
        tx.put(MODELS, model, require_model(tx, model))


def put_aliases(tx: Transaction, model: str, aliases: dict[str, list[str]]) -> None:
    """Writes the aliases of a model's versions, by version id, where they have changed."""
    for version in tx.children(VERSIONS, model):
        wanted = aliases[version.version_id]
        if list(version.version_aliases) != wanted:
            version.version_aliases = wanted
            put_version(tx, model, version)


def deployments(tx: Transaction) -> dict[tuple[str, str], list[DeployedModelRef]]:
    """Where each version is deployed, by model name and version id."""
    places: dict[tuple[str, str], list[DeployedModelRef]] = {}
    for endpoint in tx.everything(ENDPOINTS).values():
        for deployed in endpoint.deployed_models:
            place = DeployedModelRef(endpoint=endpoint.name, deployed_model_id=deployed.id)
            places.setdefault((deployed.model, deployed.model_version_id), []).append(place)
    return places


def shown(
    model: Model,
    version: Model,
    places: dict[tuple[str, str], list[DeployedModelRef]],
    with_version: bool,
) -> Model:
    """A model version as the API answers it.

    Args:
        model: The record that the versions share.
        version: The version's record.
        places: Where versions are deployed.
        with_version: Whether the name ends in @VERSION. A guess: it does where the request named a version.
    """
    result = _together(model, version)
    pb = Model.pb(result)
    pb.etag = etag_of(result)
    pb.name = f"{model.name}@{pb.version_id}" if with_version else model.name
    del pb.deployed_models[:]
    pb.deployed_models.extend(DeployedModelRef.pb(place) for place in places.get((model.name, pb.version_id), ()))
    return result


def _together(model: Model, version: Model) -> Model:
    """A version with what it shares with the others."""
    result = Model(version)
    # A list shows many: the protobuf messages behind the SDK's types are many times faster.
    shared, pb = Model.pb(model), Model.pb(result)
    pb.display_name, pb.description = shared.display_name, shared.description
    pb.create_time.CopyFrom(shared.create_time)
    times = (shared.update_time, pb.version_update_time)
    pb.update_time.CopyFrom(max(times, key=lambda time: (time.seconds, time.nanos)))
    for key, value in labels_of(shared, Model.pb(version)).items():
        pb.labels[key] = value
    return result


def labels_of(model: Any, version: Any) -> dict[str, str]:
    """The labels that a version is shown with, of bare messages: the model's, and over them its own."""
    return {**model.labels, **version.labels}


def require_not_deployed(tx: Transaction, model: str, version_id: str = "") -> None:
    """Refuses to go on where a model, or one version of it, is deployed or being deployed.

    Raises:
        ApiError: FAILED_PRECONDITION, naming the endpoints.
    """
    places = [
        *(
            (place.endpoint, deployed)
            for (deployed_model, deployed), found in deployments(tx).items()
            for place in found
            if deployed_model == model
        ),
        *(
            (request.endpoint, request.deployed_model.model_version_id)
            for request in tx.everything(PENDING_DEPLOYMENTS).values()
            if request.deployed_model.model == model
        ),
    ]
    endpoints = {endpoint for endpoint, deployed in places if version_id in {"", deployed}}
    if endpoints:
        what = f"{model}@{version_id}" if version_id else model
        raise precondition(
            f'The Model "{what}" is deployed or being deployed at: {", ".join(sorted(endpoints))}. Undeploy it first.'
        )
