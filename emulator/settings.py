"""How the emulator was started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """The command line's values.

    Attributes:
        host: A loopback address.
        port: The API's port; 0 takes a free one.
        storage_port: Cloud Storage's port; 0 takes a free one.
        state_dir: Folder of everything that must survive.
        project: The project that the command line of a user's scripts should name. Requests may name any.
        location: Likewise the region.
        deployment_timeout_s: Seconds within which a model server must be healthy, where its containerSpec
            sets none.
        predict_timeout_s: Seconds that a prediction may take.
        operation_delay_s: Seconds for which a long-running operation is shown as running at least.
        seed: Of the choice among deployed models by the traffic split; None takes a new one at each start.
    """

    host: str = "127.0.0.1"
    port: int = 8470
    storage_port: int = 8471
    state_dir: Path = Path(".local/vertex")
    project: str = "local-project"
    location: str = "us-central1"
    deployment_timeout_s: float = 300.0
    predict_timeout_s: float = 60.0
    operation_delay_s: float = 0.0
    seed: int | None = None
