from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import CreateHyperparameterTuningJobRequest, HyperparameterTuningJob

from emulator.api.calls import Call
from emulator.api.codec import parse_message
from emulator.api.errors import ApiError
from emulator.api.store import Transaction
from emulator.storage.object_store import ObjectStore
from emulator.tuning_jobs.methods import create_tuning_job
from tests.emulator.tuning_jobs.studies import FEW, tuning_job
from tests.emulator.vertex_emulator import LOCATION


def create(tx: Transaction, folder: Path, **study: Any) -> HyperparameterTuningJob:
    job = parse_message(HyperparameterTuningJob, tuning_job("", FEW, study=study))
    request = CreateHyperparameterTuningJobRequest(parent=LOCATION, hyperparameter_tuning_job=job)
    return create_tuning_job(Call(tx, request, ObjectStore(folder)))


def test_without_optuna_a_search_by_it_is_refused_and_a_grid_is_not(
    tx: Transaction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ApiError, match=r"lets Optuna search, which is not installed here\. Install it") as refusal:
        create(tx, tmp_path)
    assert refusal.value.status == "FAILED_PRECONDITION"
    assert create(tx, tmp_path, algorithm="GRID_SEARCH").state.name == "JOB_STATE_PENDING"


def test_importing_the_service_loads_no_optuna() -> None:
    import subprocess

    program = "import sys, emulator.services; assert 'optuna' not in sys.modules and 'sqlalchemy' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[3])
