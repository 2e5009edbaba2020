"""Runs one of Google's launchers as it is, but against the emulator that VERTEX_EMULATOR_HOST names.

    python3 launcher_start.py MODULE [ARGUMENT ...]

A launcher finds credentials for Google's clients, sends its requests to LOCATION-aiplatform.googleapis.com and asks
every 20 seconds what has become of them. Nothing in its environment leads it elsewhere, so what it uses of its
libraries is replaced: here credentials are none, requests go to the emulator, and it asks several times a second.

It is run as a file: where a task sets PYTHONPATH, the package need not be found.
"""

from __future__ import annotations

import os
import re
import runpy
import sys
from typing import Any

_GOOGLE = re.compile(r"https://[a-z0-9-]+-aiplatform\.googleapis\.com/")
_POLL_S = 0.2


def main() -> None:
    """Runs the launcher."""
    address = os.environ["VERTEX_EMULATOR_HOST"]
    _replace_credentials()
    _lead_requests_to(address)
    _lead_clients_to(address)
    _ask_often()
    module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _replace_credentials() -> None:
    import google.auth
    from google.auth.credentials import AnonymousCredentials

    class Credentials(AnonymousCredentials):
        """None, in the form of some: launchers write the token into a header by themselves."""

        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self.token = "none"  # noqa: S105 - there is no secret

    def default(*_: Any, **__: Any) -> tuple[Credentials, None]:
        return Credentials(), None

    google.auth.default = default


def _lead_requests_to(address: str) -> None:
    import requests

    send = requests.Session.request

    def request(self: Any, method: str, url: str, *args: Any, **options: Any) -> Any:
        return send(self, method, _GOOGLE.sub(f"{address}/", url), *args, **options)

    requests.Session.request = request


def _lead_clients_to(address: str) -> None:
    import google.auth
    from google.cloud.aiplatform_v1 import JobServiceClient, ModelServiceClient
    from google.cloud.aiplatform_v1beta1 import JobServiceClient as PreviewJobServiceClient

    scheme, _, host = address.partition("://")

    def replace(client: Any) -> None:
        def init(self: Any, *_: Any, client_info: Any = None, **__: Any) -> None:
            credentials, _project = google.auth.default()
            rest = type(self).get_transport_class("rest")
            told = {} if client_info is None else {"client_info": client_info}
            original(self, transport=rest(host=host, url_scheme=scheme, credentials=credentials, **told))

        original = client.__init__
        client.__init__ = init

    for client in (JobServiceClient, ModelServiceClient, PreviewJobServiceClient):
        replace(client)


def _ask_often() -> None:
    from google_cloud_pipeline_components.container.v1.gcp_launcher import job_remote_runner, lro_remote_runner

    for runner in (job_remote_runner, lro_remote_runner):
        vars(runner)["_POLLING_INTERVAL_IN_SECONDS"] = _POLL_S


if __name__ == "__main__":
    main()
