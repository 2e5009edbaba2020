from __future__ import annotations

import importlib
import json
from typing import Any

import pytest

from pipeline.config import RunConfig
from pipeline.vertex.errors import _ADVICE, in_sentences, message_of
from tests.pipeline.workplaces import _quiet_gcsfs
from trainer.errors import ProjectError

# Their constructors have no types.
exceptions: Any = importlib.import_module("google.api_core.exceptions")
auth: Any = importlib.import_module("google.auth.exceptions")
requests: Any = importlib.import_module("requests.exceptions")
REQUEST = "POST http://127.0.0.1:1/v1/projects/p/locations/l/endpoints/1:predict?%24alt=json: "
FAILED = f"{REQUEST}Failed to handle request. endpoint_id: 1, deployed_model_id: 2 with error: "
RESTART = "See the log in .local/vertex, or run `python -m pipeline down` and `python -m pipeline up`."


def sentence(error: Exception, connection: str = "local") -> str:
    with pytest.raises(ProjectError) as raised, in_sentences(RunConfig.model_validate({"connection": connection})):
        raise error
    assert raised.value.__cause__ is error
    return str(raised.value)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            exceptions.Forbidden(f"{REQUEST}Permission denied on p"),
            f"Vertex AI answers 403: Permission denied on p. {_ADVICE[403]}",
        ),
        (
            exceptions.BadRequest('List of found errors:\t1.Field: id; Message: must be long. Received: "a".\t'),
            'Vertex AI answers 400: List of found errors: 1.Field: id; Message: must be long. Received: "a".',
        ),
        (
            exceptions.Unauthorized("Who are you?"),
            "Vertex AI answers 401: Who are you? Sign in with `gcloud auth application-default login`.",
        ),
        (
            exceptions.NotFound("No such model."),
            f"Vertex AI answers 404: No such model. {_ADVICE[404]}",
        ),
        (
            exceptions.Conflict("It changed."),
            "Vertex AI answers 409: It changed. Something else changes it at the same time. Run again.",
        ),
        (
            exceptions.TooManyRequests("Enough."),
            "Vertex AI answers 429: Enough. The quota is used up. Wait a little, or ask for more.",
        ),
        (
            exceptions.GatewayTimeout("Slow."),
            "Vertex AI answers 504: Slow. Run again; a smaller request may do.",
        ),
        (exceptions.BadRequest("No."), "Vertex AI answers 400: No."),
        (
            exceptions.ServiceUnavailable("Down."),
            f"Vertex AI answers 503: Down. {RESTART}",
        ),
        (
            auth.DefaultCredentialsError("None found"),
            "Vertex AI does not know who is asking: None found. Sign in with `gcloud auth application-default login`.",
        ),
        (
            requests.ConnectionError("refused"),
            f"Vertex AI cannot be reached. {RESTART}",
        ),
        (
            exceptions.RetryError("gave up", None),
            f"Vertex AI cannot be reached. {RESTART}",
        ),
        (
            exceptions.RetryError("gave up", exceptions.InternalServerError("Oops.")),
            f"Vertex AI answers 500: Oops. {RESTART}",
        ),
        (
            requests.ReadTimeout("took too long"),
            f"Vertex AI cannot be reached. {RESTART}",
        ),
    ],
)
def test_error_is_a_paragraph_that_says_what_to_do(error: Exception, told: str) -> None:
    assert sentence(error) == told


def test_fault_of_google_itself_is_to_be_waited_for() -> None:
    told = sentence(exceptions.InternalServerError("Oops."), "vertex")
    assert told == "Vertex AI answers 500: Oops. Run again in a few minutes."


def test_refusal_of_cloud_storage_is_told_as_such() -> None:
    _quiet_gcsfs()
    retry: Any = importlib.import_module("gcsfs.retry")
    refused = retry.HttpError({"code": 401, "message": "Invalid Credentials"})
    assert sentence(refused) == (
        "Cloud Storage answers 401: Invalid Credentials. Sign in with `gcloud auth application-default login`."
    )
    with pytest.raises(retry.HttpError), in_sentences(RunConfig()):
        raise retry.HttpError


def test_other_errors_are_left_alone() -> None:
    with pytest.raises(KeyError), in_sentences(RunConfig()):
        raise KeyError


def test_model_servers_own_words_are_told() -> None:
    detail = '2 problems:\n  - instance 1: received "x".\n  - instance 2: é.'
    assert message_of(exceptions.BadRequest(FAILED + json.dumps({"detail": detail}))) == detail


def test_model_servers_words_that_were_cut_end_with_a_whole_line() -> None:
    answer = json.dumps({"detail": '30 problems:\n  - instance 1: "x".\n  - instance 2: "y".'})
    for length in range(len(answer) - 4, len(answer) - 8, -1):
        assert message_of(exceptions.BadRequest(FAILED + answer[:length])) == (
            '30 problems:\n  - instance 1: "x".\n  and more.'
        )


def test_words_that_are_no_json_are_told_as_they_are() -> None:
    assert message_of(exceptions.BadRequest(f"{FAILED}Internal Server Error")) == "Internal Server Error."
    assert message_of(exceptions.BadRequest(f'{FAILED}{{"error": 3}}')) == '{"error": 3}.'
