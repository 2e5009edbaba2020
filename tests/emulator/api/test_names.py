from __future__ import annotations

import pytest

from emulator.api import names
from emulator.api.errors import ApiError
from emulator.api.names import ModelName

MODELS = "projects/p/locations/l/models"


@pytest.mark.parametrize(
    ("name", "model", "version"),
    [
        ("projects/p/locations/l/models/m", "projects/p/locations/l/models/m", ""),
        ("projects/p/locations/l/models/m@2", "projects/p/locations/l/models/m", "2"),
        ("projects/p@x/locations/l/models/m@-", "projects/p@x/locations/l/models/m", "-"),
    ],
)
def test_model_name_parts_model_and_version(name: str, model: str, version: str) -> None:
    assert ModelName.parse(name) == (model, version)


def test_parents_and_ids_of_names() -> None:
    name = "projects/p/locations/l/models/m/evaluations/e"
    assert names.location_of(name) == "projects/p/locations/l"
    assert names.parent_of(name) == "projects/p/locations/l/models/m"
    assert names.id_of(name) == "e"


def test_new_ids_are_those_of_vertex_ai() -> None:
    assert {len(names.new_id()) for _ in range(200)} == {19}
    for _ in range(200):
        assert names.DEPLOYED_MODEL_ID.fullmatch(names.new_deployed_model_id())


def test_ids_that_are_asked_for_are_checked() -> None:
    assert names.model_id("m1_a-b") == "m1_a-b"
    assert names.endpoint_id("e-1") == "e-1"
    with pytest.raises(ApiError, match="must be 2 to 63 characters"):
        names.model_id("1a")
    with pytest.raises(ApiError, match="must start with a letter"):
        names.endpoint_id("e-")


@pytest.mark.parametrize(
    "name", ["", "m", f"{MODELS}/", f"{MODELS}/m@1@2", f"{MODELS}/..", "projects/../locations/l/models/m"]
)
def test_require_model_name_refuses_another_name(name: str) -> None:
    with pytest.raises(ApiError, match="must be projects/PROJECT/locations/LOCATION/models/MODEL"):
        names.require_model_name(name, "parent_model")
