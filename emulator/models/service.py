"""ModelService: the registry's methods and where they are."""

from __future__ import annotations

from emulator.api.routes import LOCATION, Route, operation_routes
from emulator.models import evaluations, methods, versions
from emulator.service import Service

MODEL = f"{LOCATION}/models/*"
EVALUATION = f"{MODEL}/evaluations/*"


class Models(Service):
    """Models, their versions and evaluations."""

    routes = (
        Route("UploadModel", "POST", f"{LOCATION}/models:upload", "parent", "*", methods.upload_model),
        Route("GetModel", "GET", MODEL, "name", "", methods.get_model),
        Route("ListModels", "GET", f"{LOCATION}/models", "parent", "", methods.list_models),
        Route("UpdateModel", "PATCH", MODEL, "model.name", "model", methods.update_model),
        Route("DeleteModel", "DELETE", MODEL, "name", "", methods.delete_model),
        Route("ListModelVersions", "GET", f"{MODEL}:listVersions", "name", "", versions.list_model_versions),
        Route("MergeVersionAliases", "POST", f"{MODEL}:mergeVersionAliases", "name", "*",
              versions.merge_version_aliases),
        Route("DeleteModelVersion", "DELETE", f"{MODEL}:deleteVersion", "name", "", versions.delete_model_version),
        Route("ImportModelEvaluation", "POST", f"{MODEL}/evaluations:import", "parent", "*",
              evaluations.import_model_evaluation),
        Route("GetModelEvaluation", "GET", EVALUATION, "name", "", evaluations.get_model_evaluation),
        Route("ListModelEvaluations", "GET", f"{MODEL}/evaluations", "parent", "",
              evaluations.list_model_evaluations),
        *operation_routes(MODEL),
    )  # fmt: skip
