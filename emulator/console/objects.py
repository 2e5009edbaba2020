"""The console's view of the object store, over its JSON API."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from emulator.console.reader import ReadError

SCHEME = "gs://"


@dataclass(frozen=True)
class StoredObject:
    """One object.

    Attributes:
        uri: `gs://BUCKET/NAME`.
        size: In bytes.
        updated: When it was written, RFC 3339.
    """

    uri: str
    size: int
    updated: str

    @property
    def name(self) -> str:
        """The last part of its name."""
        return self.uri.rpartition("/")[2]


def split_uri(uri: str) -> tuple[str, str]:
    """The bucket and the name of `gs://BUCKET/NAME`.

    Raises:
        ReadError: It is none.
    """
    bucket, _, name = uri.removeprefix(SCHEME).partition("/")
    if not uri.startswith(SCHEME) or not bucket:
        raise ReadError(f'An object is named gs://BUCKET/NAME. Received: "{uri}".', httpx.codes.BAD_REQUEST)
    return bucket, name


class ObjectReader:
    """Lists and reads objects.

    Args:
        address: The object store's address.
    """

    def __init__(self, address: str) -> None:
        self._client = httpx.AsyncClient(base_url=address, trust_env=False, timeout=30.0)

    async def below(self, uri: str) -> list[StoredObject]:
        """The object at a URI and those below it, as in a folder; nothing where the bucket is not there.

        Raises:
            ReadError: The object store refused.
        """
        bucket, name = split_uri(uri)
        prefix = name.rstrip("/")
        with _told(uri):
            response = await self._client.get(f"/storage/v1/b/{quote(bucket, safe='')}/o", params={"prefix": prefix})
        if response.status_code == httpx.codes.NOT_FOUND:
            return []
        _require_success(response, uri)
        found = [
            StoredObject(f"{SCHEME}{bucket}/{item['name']}", int(item["size"]), str(item.get("updated", "")))
            for item in response.json().get("items") or []
        ]
        at = f"{SCHEME}{bucket}/{prefix}"
        return sorted(
            (one for one in found if not prefix or one.uri == at or one.uri.startswith(f"{at}/")),
            key=lambda one: one.uri,
        )

    async def read(self, uri: str, limit: int) -> bytes:
        """The first bytes of an object.

        Args:
            uri: Its address.
            limit: How many bytes at most.

        Raises:
            ReadError: There is none, or the object store refused.
        """
        chunks = []
        size = 0
        async with contextlib.aclosing(self.stream(uri)) as content:
            async for chunk in content:
                chunks.append(chunk[: limit - size])
                size += len(chunk)
                if size >= limit:
                    break
        return b"".join(chunks)

    async def stream(self, uri: str) -> AsyncGenerator[bytes]:
        """An object's bytes, piece by piece.

        Args:
            uri: Its address.

        Yields:
            The pieces.

        Raises:
            ReadError: There is none, or the object store refused.
        """
        bucket, name = split_uri(uri)
        url = f"/storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"
        with _told(uri):
            async with self._client.stream("GET", url, params={"alt": "media"}) as response:
                _require_success(response, uri)
                async for chunk in response.aiter_bytes():
                    yield chunk

    async def close(self) -> None:
        """Ends."""
        await self._client.aclose()


@contextlib.contextmanager
def _told(uri: str) -> Iterator[None]:
    """Tells that the object store does not answer, as while the emulator ends."""
    try:
        yield
    except httpx.TransportError as error:
        raise ReadError(f'"{uri}" cannot be read: {error}.', httpx.codes.SERVICE_UNAVAILABLE) from error


def _require_success(response: httpx.Response, uri: str) -> None:
    if response.status_code == httpx.codes.NOT_FOUND:
        raise ReadError(f'There is no object "{uri}".', response.status_code)
    if not response.is_success:
        raise ReadError(f'"{uri}" cannot be read: HTTP status {response.status_code}.', response.status_code)
