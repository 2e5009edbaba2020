"""What writes objects: uploads in one request and resumable ones, and what is put at a plain path."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from emulator.api.errors import ApiError
from emulator.storage.addresses import UPLOAD_API, Address
from emulator.storage.answers import SAFE_HEADERS, json_answer
from emulator.storage.bodies import read_object
from emulator.storage.conditions import conditions_of
from emulator.storage.object_store import ObjectStore
from emulator.storage.records import StoredObject
from emulator.storage.uploads import announced_sums, read_media, read_multipart

_CONTENT_RANGE = re.compile(r"bytes (?:\*|(\d{1,19})-(\d{1,19}))/(?:\*|(\d{1,19}))", re.ASCII)


class UploadMethods:
    """The methods.

    Args:
        store: The object store.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def _resource(self, made: StoredObject) -> dict[str, Any]:
        return made.resource(self._store.address)

    async def upload(self, request: Request, address: Address) -> Response:
        """An upload in one request, the beginning of a resumable one, or its next bytes."""
        query = request.query_params
        if "upload_id" in query:
            try:
                return await self._go_on(request, query["upload_id"])
            except ApiError as error:
                made = self._store.uploads.ended(query["upload_id"])
                if error.status != "NOT_FOUND" or made is None:
                    raise
                return json_answer(self._resource(made))
        kind = query.get("uploadType") or request.headers.get("x-goog-upload-protocol", "")
        if kind == "resumable":
            return await self._begin_upload(request, address)
        if kind not in {"media", "multipart"}:
            raise ApiError("INVALID_ARGUMENT", f"uploadType must be media, multipart or resumable. Received: {kind!r}.")
        conditions = conditions_of(query)
        self._store.buckets.get(address.bucket)
        with self._store.objects.draft() as draft:
            if kind == "media":
                await read_media(request, draft)
                fields = {"contentType": request.headers.get("content-type")}
            else:
                fields = await read_multipart(request, draft)
            name = str(query.get("name") or fields.get("name") or "")
            announced = {**_announced(fields), **announced_sums(request)}
            given = address.bucket, name, draft, fields, conditions, announced
            return json_answer(self._resource(await asyncio.to_thread(self._store.objects.insert, *given)))

    async def put_public(self, request: Request, address: Address) -> Response:
        """An object that is written at its plain path, as to a signed URL, whose signature is not looked at."""
        with self._store.objects.draft() as draft:
            await read_media(request, draft)
            fields = {"contentType": request.headers.get("content-type")}
            asked = request.headers.get("x-goog-if-generation-match")
            conditions = conditions_of({} if asked is None else {"ifGenerationMatch": asked})
            given = address.bucket, address.name, draft, fields, conditions, announced_sums(request)
            made = await asyncio.to_thread(self._store.objects.insert, *given)
        return Response(headers={**SAFE_HEADERS, "etag": f'"{made.etag}"', "x-goog-generation": str(made.generation)})

    async def _begin_upload(self, request: Request, address: Address) -> Response:
        fields, query = await read_object(request), request.query_params
        if request.headers.get("x-upload-content-type"):
            fields.setdefault("contentType", request.headers["x-upload-content-type"])
        name = str(query.get("name") or fields.get("name") or "")
        key = await asyncio.to_thread(self._store.uploads.begin, address.bucket, name, fields, dict(query))
        place = f"{self._store.address}{UPLOAD_API}b/{address.bucket}/o?uploadType=resumable&upload_id={key}"
        return Response(headers={**SAFE_HEADERS, "location": place, "x-guploader-uploadid": key})

    async def _go_on(self, request: Request, key: str) -> Response:
        """The next bytes of a resumable upload, or the question how many have arrived."""
        uploads = self._store.uploads
        upload = uploads.find(key)
        header = request.headers.get("content-range")
        # Without one, the body is the whole object.
        told = _CONTENT_RANGE.fullmatch("bytes 0-0/*" if header is None else header)
        if told is None:
            raise ApiError("INVALID_ARGUMENT", "Failed to parse Content-Range header.")
        there = uploads.size(upload)
        total = int(told[3]) if told[3] else None
        skipped = there - int(told[1] or there)
        if skipped < 0:
            raise ApiError("INVALID_ARGUMENT", f"Invalid request. The next byte is {there}. Received: {told[0]}.")
        place = there
        async for chunk in request.stream():
            uploads.write(key, upload, place, chunk[skipped:])
            place += len(chunk[skipped:])
            skipped = max(skipped - len(chunk), 0)
        there = uploads.size(upload)
        if header is None or total == there:
            made = await asyncio.to_thread(uploads.end, key, upload, announced_sums(request))
            return json_answer(self._resource(made))
        if total is not None and there > total:
            raise ApiError("INVALID_ARGUMENT", f"Invalid request. {there} bytes have arrived of {total}.")
        headers = {"range": f"bytes=0-{there - 1}"} if there else {}
        return Response(status_code=308, headers={**SAFE_HEADERS, **headers, "x-guploader-uploadid": key})

    async def cancel(self, request: Request, _address: Address) -> Response:
        """The end of a resumable upload that becomes nothing."""
        await asyncio.to_thread(self._store.uploads.cancel, request.query_params.get("upload_id", ""))
        # What Google answers.
        return Response(status_code=499, headers=SAFE_HEADERS)


def _announced(fields: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(fields[name]) for name in ("crc32c", "md5Hash") if fields.get(name)}
