"""What goes wrong with Vertex AI, in sentences."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.config import RunConfig
from trainer.errors import ProjectError

_UNREACHABLE = 503
_ADVICE = {
    401: "Sign in with `gcloud auth application-default login`.",
    403: "Sign in as someone who may use Vertex AI in this project, or check `--project`.",
    404: "Check `--project`, `--location` and the name, and that it has not been deleted.",
    409: "Something else changes it at the same time. Run again.",
    429: "The quota is used up. Wait a little, or ask for more.",
    504: "Run again; a smaller request may do.",
}


@contextmanager
def in_sentences(config: RunConfig) -> Iterator[None]:
    """Makes an error of Google's clients one of the project's, which says what to do.

    Args:
        config: Tells which Vertex AI is spoken to.
    """
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError
    from requests.exceptions import ConnectionError as Unreachable
    from requests.exceptions import Timeout

    try:
        yield
    except GoogleAPICallError as error:
        raise ProjectError(_sentence(error, config)) from error
    except GoogleAuthError as error:
        raise ProjectError(f"Vertex AI does not know who is asking: {error}. {_ADVICE[401]}") from error
    except (RetryError, Timeout, Unreachable) as error:
        cause = getattr(error, "cause", None)  # of the last of several attempts
        if isinstance(cause, GoogleAPICallError):
            raise ProjectError(_sentence(cause, config)) from error
        raise ProjectError(f"Vertex AI cannot be reached. {_advice(_UNREACHABLE, config)}") from error
    except Exception as error:
        code = _code_of_storage(error)
        if code is None:
            raise
        told = message_of(error).removesuffix(f", {code}.").removesuffix(".")
        advice = _advice(code, config)
        raise ProjectError(f"Cloud Storage answers {code}: {told}. {advice}".rstrip()) from error


def _code_of_storage(error: Any) -> int | None:
    """The status that gcsfs tells in an error of its own, which is no OSError; its module need not be loaded."""
    kind = getattr(sys.modules.get("gcsfs.retry"), "HttpError", None)
    return int(error.code) if kind is not None and isinstance(error, kind) and error.code else None


def _sentence(error: Any, config: RunConfig) -> str:
    code = int(error.code or 0)
    service = "Cloud Storage" if "/storage/v1/" in str(error.message) else "Vertex AI"
    return " ".join(filter(None, [f"{service} answers {code}: {message_of(error)}", _advice(code, config)]))


def _advice(code: int, config: RunConfig) -> str:
    if code < 500 or code in _ADVICE:
        return _ADVICE.get(code, "")
    if config.connection == "local":
        return "See the log in .local/vertex, or run `python -m pipeline down` and `python -m pipeline up`."
    return "Run again in a few minutes."


def message_of(error: Any) -> str:
    """What a refusal says, without the request that it repeats; a model server's own words, where it quotes them."""
    message = re.sub(r"^[A-Z]+ https?://\S+: ", "", str(error.message))
    # Lists of faults are set with tabs.
    message = re.sub(r" ?\t", " ", message).strip()
    quoted = message.partition(" with error: ")[2]
    text = _detail(quoted) or quoted or message
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _detail(quoted: str) -> str:
    """The `detail` of a model server's answer; without its last line, where the answer was cut."""
    for end in ("", '"}'):
        try:
            answer = json.loads(quoted.rstrip("\\") + end if end else quoted)
        except ValueError:
            continue
        whole = str(answer["detail"]) if isinstance(answer, dict) and "detail" in answer else ""
        return whole if not end else f"{whole.rpartition(chr(10))[0]}\n  and more."
    return ""
