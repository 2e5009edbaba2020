"""The prerequisites of a run on Vertex AI, found out all at once."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from components.vertex.connection import api_host
from pipeline.config import RunConfig
from pipeline.config_layers import DEFAULT, SUBMITTED, how_to_give
from pipeline.doctor.checks import Call, Check, checks_of
from pipeline.doctor.google_answers import Answer
from pipeline.doctor.local import data_files, find_installed
from pipeline.doctor.report import Finding, State
from pipeline.vertex.connection import ELSEWHERE
from pipeline.vertex.reachability import SIGN_IN, Attempt, check_network, find_credentials
from trainer.errors import ProjectError

BASES: Mapping[str, str] = {
    "usage": "https://serviceusage.googleapis.com",
    "storage": "https://storage.googleapis.com/storage/v1",
    "images": "https://artifactregistry.googleapis.com/v1",
    "iam": "https://iam.googleapis.com/v1",
    "projects": "https://cloudresourcemanager.googleapis.com/v3",
}

_TIMEOUT_S = 10.0
_OFFLINE_S = 1.5
_AT_ONCE = 8


def find_on_vertex(config: RunConfig, sources: Mapping[str, str]) -> list[Finding]:
    """The prerequisites of a run on Vertex AI; those that depend on nothing that is missing are all asked for.

    Args:
        config: The configuration, which may be unfinished.
        sources: Where its values come from, as `load_config` tells.
    """
    missing = [name for name in SUBMITTED if sources[name] == DEFAULT or not getattr(config, name)]
    here = [*find_installed(), data_files(config), configuration(missing)]
    network = _network(config, missing)
    credentials, session, caller = _signed_in(is_online=network.state is State.OK)
    found = [*here, network, credentials]
    checks = checks_of(config, caller)
    if network.state is State.FAILED or session is None:
        reason = "cannot tell without a network" if network.state is State.FAILED else "cannot tell without credentials"
        return [*found, *(Finding(check.what, State.UNKNOWN, reason) for check in checks)]
    return [*found, *ask(config, checks, missing, session)]


def configuration(missing: Sequence[str]) -> Finding:
    """Whether all is given that cannot be guessed, and nothing in the environment points elsewhere."""
    others = [name for name in ELSEWHERE if os.environ.get(name)]
    if others:
        detail = f"{' and '.join(others)} would lead Google's clients to another place"
        return Finding("Configuration", State.FAILED, detail, f"unset {' '.join(others)}")
    if missing:
        remedy = "\n".join(how_to_give(name) for name in missing)
        return Finding("Configuration", State.FAILED, f"not given: {', '.join(missing)}", remedy)
    return Finding("Configuration", State.OK, "complete")


def ask(
    config: RunConfig,
    checks: Sequence[Check],
    missing: Sequence[str],
    session: Any,
    bases: Mapping[str, str] = BASES,
) -> list[Finding]:
    """Asks Google all that is to be asked, at once, and judges the answers.

    Args:
        config: The configuration.
        checks: What is to be found out.
        missing: The keys that are not given.
        session: Sends signed requests, as google-auth's AuthorizedSession.
        bases: The addresses of the APIs.
    """
    possible = [check for check in checks if not set(check.needs) & set(missing)]
    calls = list(dict.fromkeys(call for check in possible for call in check.calls))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = dict(zip(calls, pool.map(lambda call: _send(session, bases, call), calls), strict=True))
    return [
        check.judge(config, [answers[call] for call in check.calls])
        if check in possible
        else Finding(check.what, State.UNKNOWN, f"cannot tell without {' and '.join(set(check.needs) & set(missing))}")
        for check in checks
    ]


def _send(session: Any, bases: Mapping[str, str], call: Call) -> Answer:
    from google.auth.exceptions import GoogleAuthError
    from requests.exceptions import RequestException

    headers = {"Content-Type": "application/json"} if call.body else {}
    url = f"{bases[call.api]}/{call.path}"
    try:
        response = session.request(call.method, url, data=call.body or None, headers=headers, timeout=_TIMEOUT_S)
        document = response.json()
    except ValueError:  # no JSON: some proxy's answer
        return Answer(response.status_code)
    except (RequestException, GoogleAuthError):
        return Answer(0)
    return Answer(response.status_code, document if isinstance(document, dict) else {})


def _network(config: RunConfig, missing: Sequence[str]) -> Finding:
    if "location" in missing:
        return Finding("Network", State.UNKNOWN, "cannot tell without location")
    host = api_host(config.location)
    try:
        check_network(host)
    except ProjectError as error:
        said, _, remedy = str(error).partition(". ")
        return Finding("Network", State.FAILED, said, remedy)
    return Finding("Network", State.OK, f"{host} answers")


def _signed_in(is_online: bool) -> tuple[Finding, Any, str]:
    """Who is signed in, the session that speaks for them, and how IAM writes them.

    Args:
        is_online: Whether Google can be asked if it takes the credentials.
    """
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import AuthorizedSession, Request

    search = Attempt(lambda: _token(Request()) if is_online else find_credentials())
    if not search.has_ended(time.monotonic() + (_TIMEOUT_S if is_online else _OFFLINE_S)):
        return Finding("Credentials", State.FAILED, "none were found in time", SIGN_IN), None, ""
    if isinstance(search.error, (GoogleAuthError, OSError, ValueError)):
        return Finding("Credentials", State.FAILED, str(search.error).splitlines()[0], SIGN_IN), None, ""
    if search.error is not None:
        raise search.error
    credentials, project = search.result
    about = credentials.get_cred_info() or {}
    kind = str(about.get("credential_type", type(credentials).__name__))
    who = str(about.get("principal") or "")
    detail = f"{who or 'an account that does not tell its name'} ({kind})"
    told = f", project {project}" if project else ""
    member = f"{'user' if kind.startswith('user') else 'serviceAccount'}:{who}" if who else ""
    session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]  # google-auth leaves it without types
    return Finding("Credentials", State.OK, f"{detail}{told}"), session, member


def _token(request: Any) -> Any:
    credentials, project = find_credentials()
    credentials.refresh(request)
    return credentials, project
