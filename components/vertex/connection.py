"""The one place that connects to Vertex AI: to the stand-in that VERTEX_EMULATOR_HOST names, else to Google."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from components.vertex.messages import import_messages_alone
from trainer.waiting import told_when_slow

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.cloud.aiplatform_v1.services.endpoint_service import EndpointServiceClient
    from google.cloud.aiplatform_v1.services.job_service import JobServiceClient
    from google.cloud.aiplatform_v1.services.model_service import ModelServiceClient
    from google.cloud.aiplatform_v1.services.prediction_service import PredictionServiceClient

Call = Callable[..., Any]

EMULATOR_VARIABLE = "VERTEX_EMULATOR_HOST"
STORAGE_VARIABLE = "STORAGE_EMULATOR_HOST"
# A command of the stand-in's: it starts the one after it, and ends it and all that it has started when its own standard
# input ends.
KEEPER_VARIABLE = "VERTEX_EMULATOR_KEEPER"

# A change is not asked for twice, so the first time must do.
CHANGE_TIMEOUT_S = 120.0
CALL_TIMEOUT_S = 30.0
PATIENCE_S = 120.0


@dataclass(frozen=True)
class VertexAI:
    """A location of Vertex AI, and the clients of its services, each made when it is first used.

    Attributes:
        project: Google Cloud project id.
        location: Region, such as us-central1.
        stand_in: URL of the stand-in for Google's; empty for Google's own.
        patience_s: How long a read is tried again after a passing fault; 0 tries once.
    """

    project: str
    location: str
    stand_in: str = ""
    patience_s: float = PATIENCE_S

    @property
    def parent(self) -> str:
        """The name of the location, under which its resources lie."""
        return f"projects/{self.project}/locations/{self.location}"

    @cached_property
    def client_options(self) -> Mapping[str, Any]:
        """What the client of any service is made with."""
        # Not gRPC, which minds neither the usual proxies nor the certificates that a company adds to the usual ones.
        if not self.stand_in:
            regional = {"api_endpoint": api_host(self.location)}
            return {"transport": "rest", "client_options": regional}
        from google.auth.credentials import AnonymousCredentials

        anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]  # google-auth leaves it without types
        return {"transport": "rest", "client_options": {"api_endpoint": self.stand_in}, "credentials": anonymous}

    @cached_property
    def reading(self) -> Mapping[str, Any]:
        """How a call is made that changes nothing: not for ever, and again after a fault that may pass."""
        return {"timeout": CALL_TIMEOUT_S, "retry": telling(retry_for(self.patience_s) if self.patience_s else None)}

    @cached_property
    def waiting(self) -> Mapping[str, Any]:
        """How is looked at what goes on by itself: not to know how it ends would be worse than to wait."""
        return {"timeout": CALL_TIMEOUT_S, "retry": retry_for(PATIENCE_S)}

    @cached_property
    def models(self) -> ModelServiceClient:
        """The registry."""
        from google.cloud.aiplatform_v1.services.model_service import ModelServiceClient

        return ModelServiceClient(**self.client_options)

    @cached_property
    def endpoints(self) -> EndpointServiceClient:
        """The endpoints."""
        from google.cloud.aiplatform_v1.services.endpoint_service import EndpointServiceClient

        return EndpointServiceClient(**self.client_options)

    @cached_property
    def jobs(self) -> JobServiceClient:
        """The jobs."""
        from google.cloud.aiplatform_v1.services.job_service import JobServiceClient

        return JobServiceClient(**self.client_options)

    @cached_property
    def predictions(self) -> PredictionServiceClient:
        """What answers predictions."""
        from google.cloud.aiplatform_v1.services.prediction_service import PredictionServiceClient

        return PredictionServiceClient(**self.client_options)


def api_host(location: str) -> str:
    """The host of Google's Vertex AI in a region."""
    return f"{location}-aiplatform.googleapis.com"


def retry_for(patience_s: float) -> Retry:
    """Tries a call again that changes nothing, for so long, after faults that may pass: restarts, a lost network."""
    from google.api_core.exceptions import BadGateway, GatewayTimeout
    from google.api_core.retry import Retry, if_transient_error
    from requests.exceptions import Timeout

    def may_pass(error: Exception) -> bool:
        return isinstance(error, (BadGateway, GatewayTimeout, Timeout)) or bool(if_transient_error(error))

    return Retry(predicate=may_pass, initial=0.2, maximum=10.0, timeout=patience_s)


def telling(retry: Retry | None) -> Any:
    """What a client's method takes for a retry: it tells who waits that the answer takes long.

    Args:
        retry: How a call is tried again; None tries once.
    """

    def decorate(call: Call) -> Call:
        tried = call if retry is None else retry(call)

        def told(*args: Any, **options: Any) -> Any:
            with told_when_slow("Vertex AI"):
                return tried(*args, **options)

        return told

    return decorate


def connect(project: str, location: str, patience_s: float = PATIENCE_S) -> VertexAI:
    """The Vertex AI that the environment names, at a project and a location. Nothing is asked of it yet.

    Args:
        project: Google Cloud project id.
        location: Region, such as us-central1.
        patience_s: How long a read is tried again after a passing fault; 0 tries once.
    """
    import_messages_alone()
    host = os.environ.get(EMULATOR_VARIABLE, "")
    return VertexAI(project, location, f"http://{host}" if host and "://" not in host else host, patience_s)
