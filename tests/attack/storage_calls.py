"""Cloud Storage as a client of few words; each call gives the answer to its last request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx

from tests.attack.digested import hash_header
from tests.patience import patience_s

PIECE = 64 * 1024


class StorageCalls:
    """A client with a connection of its own.

    Args:
        address: The object store's.
        bucket: The bucket that all calls go to.
    """

    def __init__(self, address: str, bucket: str) -> None:
        self.bucket = bucket
        self.http = httpx.Client(base_url=address, trust_env=False, timeout=patience_s())

    def close(self) -> None:
        """Closes the connection."""
        self.http.close()

    def path(self, name: str, *further: str) -> str:
        """An object's path."""
        return "/".join([f"/storage/v1/b/{self.bucket}/o/{quote(name, safe='')}", *further])

    def make_bucket(self) -> None:
        """Makes the bucket."""
        assert self.http.post("/storage/v1/b", json={"name": self.bucket}).status_code == 200

    def upload(self, kind: str, name: str, content: bytes, **query: Any) -> httpx.Response:
        """Uploads, as media, multipart, resumable or, as to a signed URL, public."""
        step = {
            "media": self._media,
            "multipart": self._multipart,
            "resumable": self._resumable,
            "public": self._public,
        }
        return step[kind](name, content, query)

    def _place(self, kind: str, name: str, query: dict[str, Any]) -> httpx.URL:
        place = f"/upload/storage/v1/b/{self.bucket}/o"
        return httpx.URL(place, params={"uploadType": kind, "name": name, **query})

    def _media(self, name: str, content: bytes, query: dict[str, Any]) -> httpx.Response:
        return self.http.post(self._place("media", name, query), content=content)

    def _multipart(self, name: str, content: bytes, query: dict[str, Any]) -> httpx.Response:
        described = json.dumps({"name": name, "metadata": {"kind": "multipart"}}).encode()
        body = b"--=x=\r\n\r\n%s\r\n--=x=\r\ncontent-type: text/x\r\n\r\n%s\r\n--=x=--" % (described, content)
        headers = {"content-type": 'multipart/related; boundary="=x="'}
        return self.http.post(self._place("multipart", name, query), content=body, headers=headers)

    def _resumable(self, name: str, content: bytes, query: dict[str, Any]) -> httpx.Response:
        begun = self.begin(name, **query)
        return begun if begun.status_code != 200 else self.go_on(begun.headers["location"], content)

    def _public(self, name: str, content: bytes, query: dict[str, Any]) -> httpx.Response:
        asked = query.get("ifGenerationMatch")
        headers = {"x-goog-hash": hash_header(content)}
        if asked is not None:
            headers["x-goog-if-generation-match"] = str(asked)
        return self.http.put(f"/{self.bucket}/{quote(name)}", content=content, headers=headers)

    def begin(self, name: str, **query: Any) -> httpx.Response:
        """Begins a resumable upload."""
        return self.http.post(self._place("resumable", name, query))

    def go_on(self, place: str, content: bytes, start: int = 0, end: int | None = None) -> httpx.Response:
        """Sends what a resumable upload lacks, in pieces.

        Args:
            place: Where the upload goes on.
            content: All of the object.
            start: How many bytes of it have arrived.
            end: Up to which byte it goes on now; None ends the upload.
        """
        answer = None
        last = len(content) if end is None else end
        for first in range(start, last, PIECE):
            piece = content[first : min(first + PIECE, last)]
            is_end = first + len(piece) == len(content) and end is None
            told = f"bytes {first}-{first + len(piece) - 1}/{len(content) if is_end else '*'}"
            answer = self.http.put(place, content=piece, headers={"content-range": told})
            if answer.status_code != 308:
                break
        return answer or self.http.put(place, headers={"content-range": f"bytes */{len(content)}"})

    def arrived(self, place: str) -> httpx.Response:
        """Asks how much of a resumable upload has arrived."""
        return self.http.put(place, headers={"content-range": "bytes */*"})

    def patch(self, name: str, fields: dict[str, Any], **query: Any) -> httpx.Response:
        """Changes an object's fields."""
        return self.http.patch(self.path(name), json=fields, params=query)

    def delete(self, name: str, **query: Any) -> httpx.Response:
        """Deletes an object."""
        return self.http.delete(self.path(name), params=query)

    def compose(self, names: list[str], name: str, **query: Any) -> httpx.Response:
        """Makes an object of others."""
        body = {"sourceObjects": [{"name": one} for one in names]}
        return self.http.post(self.path(name, "compose"), json=body, params=query)

    def transfer(self, action: str, source: str, name: str, **query: Any) -> httpx.Response:
        """Makes an object of another: copyTo, rewriteTo or moveTo."""
        within = "o" if action == "moveTo" else f"b/{self.bucket}/o"
        return self.http.post(self.path(source, action, within, quote(name, safe="")), params=query)

    def show(self, name: str) -> httpx.Response:
        """An object's resource."""
        return self.http.get(self.path(name))

    def read(self, name: str, **options: Any) -> httpx.Response:
        """An object's bytes."""
        return self.http.get(f"/download{self.path(name)}?alt=media", **options)

    def listed(self, prefix: str = "", page: int = 1000) -> Iterator[dict[str, Any]]:
        """All objects, by name."""
        token = ""
        while True:
            query: dict[str, Any] = {"prefix": prefix, "maxResults": page} | ({"pageToken": token} if token else {})
            answer = self.http.get(f"/storage/v1/b/{self.bucket}/o", params=query)
            assert answer.status_code == 200, answer.text
            yield from answer.json().get("items", [])
            token = answer.json().get("nextPageToken", "")
            if not token:
                return
