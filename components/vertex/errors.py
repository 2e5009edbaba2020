"""What goes wrong between the pipeline and Vertex AI."""

from __future__ import annotations

from trainer.errors import ProjectError


class RegistryError(ProjectError):
    """The registry or the endpoints hold something that must not be guessed about."""


class RolloutError(ProjectError):
    """A version failed a check on its way to the traffic; what was before is in place again."""


class TuningError(ProjectError):
    """A search has come to no values that could be trained with."""
