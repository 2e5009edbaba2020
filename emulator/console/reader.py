"""The console's view of the emulator: its REST API, called inside the process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
from starlette.types import ASGIApp

Json = dict[str, Any]
# The largest page that lists give.
PAGE_SIZE = 1000
# As large an answer is read in less than a millisecond, which is not worth another thread.
READ_AT_ONCE = 64 * 1024


class ReadError(Exception):
    """What the API refused, in its own sentence.

    Args:
        message: The sentence.
        status: The HTTP status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_absence(self) -> bool:
        """Whether the thing is not there, rather than refused."""
        return self.status == httpx.codes.NOT_FOUND


class Reader:
    """Calls the REST API.

    Args:
        api: The application that serves it.
    """

    def __init__(self, api: ASGIApp) -> None:
        transport = httpx.ASGITransport(app=api, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    async def get(self, name: str, query: Mapping[str, str] | None = None) -> Json:
        """A resource, or the answer of a method that is called by GET.

        Args:
            name: Its resource name, with the method's verb after a colon, if there is one.
            query: Query parameters.

        Raises:
            ReadError: The API refused.
        """
        return await self._call("GET", name, query or {}, None)

    async def list_all(self, parent: str, collection: str, query: Mapping[str, str] | None = None) -> list[Json]:
        """All resources of a collection, in the API's order.

        Args:
            parent: What they are under.
            collection: `models`, `pipelineJobs` and so on; with a verb, what a method such as `:listVersions` lists.
            query: Query parameters.

        Raises:
            ReadError: The API refused.
        """
        name = f"{parent}{collection}" if collection.startswith(":") else f"{parent}/{collection}"
        asked = {"pageSize": str(PAGE_SIZE), **(query or {})}
        found: list[Json] = []
        while True:
            answer = await self.get(name, asked)
            found += next((value for value in answer.values() if isinstance(value, list)), [])
            if not answer.get("nextPageToken"):
                return found
            asked["pageToken"] = answer["nextPageToken"]

    async def post(self, name: str, body: Json) -> Json:
        """Calls a method by POST.

        Args:
            name: The resource name with the verb after a colon.
            body: The request.

        Raises:
            ReadError: The API refused.
        """
        return await self._call("POST", name, {}, body)

    async def entries(self, body: Json) -> Json:
        """Lists log entries, as Cloud Logging's entries.list does.

        Args:
            body: The request.

        Raises:
            ReadError: The API refused.
        """
        return await self._answer(await self._client.post("/v2/entries:list", json=body))

    async def _call(self, method: str, name: str, query: Mapping[str, str], body: Json | None) -> Json:
        path, colon, verb = _split_verb(name)
        # Dots alone would be taken for a way up, before the API could refuse them.
        parts = (part.replace(".", "%2E") if part in {".", ".."} else quote(part, safe="") for part in path.split("/"))
        url = f"/v1/{'/'.join(parts)}{colon}{quote(verb, safe='')}"
        return await self._answer(await self._client.request(method, url, params=query, json=body))

    @staticmethod
    async def _answer(response: httpx.Response) -> Json:
        try:
            is_large = len(response.content) > READ_AT_ONCE
            document = await asyncio.to_thread(response.json) if is_large else response.json()
        except ValueError:
            document = {}
        if response.is_success and isinstance(document, dict):
            return document
        error = document.get("error") if isinstance(document, dict) else None
        message = error.get("message") if isinstance(error, dict) else None
        raise ReadError(
            message or f"The emulator answered with HTTP status {response.status_code}.", response.status_code
        )

    async def close(self) -> None:
        """Ends."""
        await self._client.aclose()


def _split_verb(name: str) -> tuple[str, str, str]:
    """Cuts the verb off a name, whose project may have a colon of its own: example.com:p."""
    above, slash, last = name.rpartition("/")
    last, colon, verb = last.partition(":")
    return f"{above}{slash}{last}", colon, verb
