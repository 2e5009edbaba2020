"""ModelService: the evaluations of model versions."""

from __future__ import annotations

from google.cloud.aiplatform_v1.types import (
    GetModelEvaluationRequest,
    ImportModelEvaluationRequest,
    ListModelEvaluationsRequest,
    ListModelEvaluationsResponse,
    ModelEvaluation,
)

from emulator.api import names
from emulator.api.calls import Call
from emulator.api.clock import now
from emulator.api.codec import table
from emulator.api.errors import Violation, invalid_fields, not_found
from emulator.api.facts import Facts
from emulator.api.filters import AllOf, parse_filter
from emulator.api.listing import page_of_records
from emulator.api.masks import read
from emulator.api.names import ModelName, id_of, parent_of
from emulator.api.store import Transaction
from emulator.models.fields import EVALUATION_FACTS, EVALUATION_FILTERS, evaluates
from emulator.models.registry import require_version
from emulator.models.rules import BUCKET_URI

# Kept as projects/P/locations/L/models/M/evaluations/E, unique in the model; `name` in the record has the
# version.
EVALUATIONS = table("evaluations", ModelEvaluation, Facts(EVALUATION_FACTS))
OUTPUT_ONLY = ("name", "create_time")


def import_model_evaluation(call: Call[ImportModelEvaluationRequest]) -> ModelEvaluation:
    """ImportModelEvaluation: adds an evaluation that was computed elsewhere to a version."""
    parent = ModelName.parse(call.request.parent)
    version = require_version(call.tx, parent)
    evaluation = ModelEvaluation(call.request.model_evaluation)
    uri = evaluation.metrics_schema_uri
    violations = []
    if uri and not BUCKET_URI.fullmatch(uri):
        violations.append(
            Violation("model_evaluation.metrics_schema_uri", f'must be a Cloud Storage URI. Received: "{uri}".')
        )
    if violations:
        raise invalid_fields(violations)
    for field in OUTPUT_ONLY:
        type(evaluation).pb(evaluation).ClearField(field)
    number = names.new_id()
    evaluation.name = f"{parent.model}@{version.version_id}/evaluations/{number}"
    evaluation.create_time = now()
    call.tx.put(EVALUATIONS, f"{parent.model}/evaluations/{number}", evaluation)
    return evaluation


def get_model_evaluation(call: Call[GetModelEvaluationRequest]) -> ModelEvaluation:
    """GetModelEvaluation, by a name with or without the version."""
    name = call.request.name
    model = ModelName.parse(parent_of(name))
    evaluation = call.tx.get(EVALUATIONS, f"{model.model}/evaluations/{id_of(name)}")
    if evaluation is None or not _belongs(call.tx, evaluation, model):
        raise not_found("ModelEvaluation", name)
    return evaluation


def _belongs(tx: Transaction, evaluation: ModelEvaluation, model: ModelName) -> bool:
    if not model.version:
        return True
    return ModelName.parse(parent_of(evaluation.name)).version == require_version(tx, model).version_id


def list_model_evaluations(call: Call[ListModelEvaluationsRequest]) -> ListModelEvaluationsResponse:
    """ListModelEvaluations: those of one version, newest first; without a version, the default one's."""
    request = call.request
    is_asked_for = parse_filter(request.filter, EVALUATION_FILTERS)
    parent = ModelName.parse(request.parent)
    keep = AllOf([evaluates(require_version(call.tx, parent).version_id), is_asked_for])
    shown_page, token = page_of_records(call.tx, EVALUATIONS, parent.model, request, keep)
    return ListModelEvaluationsResponse(model_evaluations=read(shown_page, request.read_mask), next_page_token=token)
