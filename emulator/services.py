"""The services that this emulator has, a line each. They open in this order, and close in the other one."""

from __future__ import annotations

from emulator.api.routes import LOCATION, operation_routes
from emulator.custom_jobs.service import CustomJobs
from emulator.endpoints.service import Endpoints
from emulator.logging.service import Logging
from emulator.metadata.service import Metadata
from emulator.models.service import Models
from emulator.pipeline_jobs.service import PipelineJobs
from emulator.schedules.service import Schedules
from emulator.service import Service
from emulator.tuning_jobs.service import TuningJobs


class Operations(Service):
    """The long-running operations under a location, which several services begin."""

    routes = tuple(operation_routes(LOCATION))


SERVICES: tuple[type[Service], ...] = (
    Operations,
    Models,
    Endpoints,
    CustomJobs,
    TuningJobs,
    PipelineJobs,
    Schedules,
    Metadata,
    Logging,
)
