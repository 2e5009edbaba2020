"""How a table is trained on, as far as its data contract says so."""

from __future__ import annotations

from typing import Any

from pydantic import model_serializer

from trainer.config import Hyperparameters


class Training(Hyperparameters):
    """Hyperparameters that stand for the defaults where a run is told nothing else."""

    @property
    def settings(self) -> dict[str, Any]:
        """Those that the contract names, by name."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}

    @model_serializer
    def _as_written(self) -> dict[str, Any]:
        return self.settings
