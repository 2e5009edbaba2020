"""Cloud Storage's JSON API as an ASGI application, over the object store."""

from __future__ import annotations

import asyncio
import errno
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from emulator.api.errors import ApiError
from emulator.storage.addresses import Address, parse_address
from emulator.storage.answers import SAFE_HEADERS, error_answer, json_answer
from emulator.storage.batches import answer_batch
from emulator.storage.bodies import read_object
from emulator.storage.conditions import Conditions, NotModifiedError, conditions_of, number_of
from emulator.storage.downloads import download
from emulator.storage.names import require_object_name
from emulator.storage.object_store import ObjectStore
from emulator.storage.objects import Objects
from emulator.storage.records import StoredObject, bucket_resource
from emulator.storage.upload_methods import UploadMethods

LOG = logging.getLogger(__name__)
# Where an object is replaced between the look at its record and that at its file, it is looked at again.
TRIES = 5

Answer = Callable[[Request, Address], Awaitable[Response]]


class StorageApi:
    """The API.

    Args:
        store: The object store.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._uploads = UploadMethods(store)
        self._answers: Mapping[tuple[str, str], Answer] = {
            ("GET", "buckets"): self._list_buckets,
            ("POST", "buckets"): self._create_bucket,
            ("GET", "bucket"): self._get_bucket,
            ("PATCH", "bucket"): self._patch_bucket,
            ("PUT", "bucket"): self._patch_bucket,
            ("DELETE", "bucket"): self._delete_bucket,
            ("GET", "permissions"): self._test_permissions,
            ("GET", "objects"): self._list_objects,
            ("GET", "object"): self._get_object,
            ("PATCH", "object"): self._patch_object,
            ("PUT", "object"): self._patch_object,
            ("DELETE", "object"): self._delete_object,
            ("POST", "object"): self._act,
            ("GET", "download"): self._download,
            ("GET", "public"): self._download,
            ("HEAD", "public"): self._download,
            ("PUT", "public"): self._uploads.put_public,
            ("POST", "upload"): self._uploads.upload,
            ("PUT", "upload"): self._uploads.upload,
            ("DELETE", "upload"): self._uploads.cancel,
            ("POST", "batch"): lambda request, _: answer_batch(self, request),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, whatever happens."""
        if scope["type"] != "http":
            await WebSocketClose(reason="Cloud Storage has no websockets.")(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ApiError as error:
            response = error_answer(error)
        except NotModifiedError:
            response = Response(status_code=304, headers=SAFE_HEADERS)
        except ClientDisconnect:
            return
        except (OSError, sqlite3.Error) as error:
            response = error_answer(refusal_of(error))
        except Exception:
            LOG.exception("%s %s", request.method, scope["path"])
            response = error_answer(ApiError("INTERNAL", "The emulator failed at this request. See its log."))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        raw_path = request.scope["raw_path"].decode("latin-1")
        address = parse_address(raw_path, request.method)
        answer = self._answers.get((request.method, address.kind))
        if answer is None:
            raise ApiError("UNIMPLEMENTED", f"{request.method} {raw_path[:200]} is not served by this emulator.")
        return await answer(request, address)

    @property
    def _objects(self) -> Objects:
        return self._store.objects

    def _shown(self, found: StoredObject) -> dict[str, Any]:
        return found.resource(self._store.address)

    # Buckets

    async def _list_buckets(self, request: Request, _address: Address) -> Response:
        found = await asyncio.to_thread(self._store.buckets.list, request.query_params.get("prefix", ""))
        shown = [bucket_resource(bucket, self._store.address) for bucket in found]
        return json_answer({"kind": "storage#buckets", **({"items": shown} if shown else {})})

    async def _create_bucket(self, request: Request, _address: Address) -> Response:
        made = await asyncio.to_thread(self._store.buckets.create, await read_object(request))
        return json_answer(bucket_resource(made, self._store.address))

    async def _get_bucket(self, _request: Request, address: Address) -> Response:
        return json_answer(bucket_resource(self._store.buckets.get(address.bucket), self._store.address))

    async def _patch_bucket(self, request: Request, address: Address) -> Response:
        changes = await read_object(request)
        changed = await asyncio.to_thread(self._store.buckets.patch, address.bucket, changes)
        return json_answer(bucket_resource(changed, self._store.address))

    async def _delete_bucket(self, _request: Request, address: Address) -> Response:
        await asyncio.to_thread(self._store.buckets.delete, address.bucket)
        return json_answer(None)

    async def _test_permissions(self, request: Request, address: Address) -> Response:
        self._store.buckets.get(address.bucket)
        asked = request.query_params.getlist("permissions")
        return json_answer({"kind": "storage#testIamPermissionsResponse", "permissions": asked})

    # Objects

    async def _list_objects(self, request: Request, address: Address) -> Response:
        page = await asyncio.to_thread(self._store.list_page, address.bucket, request.query_params)
        answer: dict[str, Any] = {"kind": "storage#objects"}
        if page.items:
            answer["items"] = [self._shown(found) for found in page.items]
        if page.prefixes:
            answer["prefixes"] = page.prefixes
        return json_answer(answer | ({"nextPageToken": page.token} if page.token else {}))

    def _found(self, request: Request, address: Address) -> StoredObject:
        conditions, generation = _asked(request.scope["query_string"])
        found = self._objects.find(address.bucket, address.name, generation)
        conditions.require_modified(found)
        return found

    async def _get_object(self, request: Request, address: Address) -> Response:
        if request.query_params.get("alt") == "media":
            return await self._download(request, address)
        return json_answer(self._shown(self._found(request, address)))

    async def _download(self, request: Request, address: Address) -> Response:
        for _ in range(TRIES):
            found = self._found(request, address)
            try:
                return download(self._objects, found, request)
            except FileNotFoundError:
                await asyncio.sleep(0)
        raise ApiError("INTERNAL", f"The bytes of {address.bucket}/{address.name} are gone from the store's folder.")

    async def _patch_object(self, request: Request, address: Address) -> Response:
        changes, query = await read_object(request), request.query_params
        given = address.bucket, address.name, changes, conditions_of(query), number_of(query, "generation")
        return json_answer(self._shown(await asyncio.to_thread(self._objects.patch, *given)))

    async def _delete_object(self, request: Request, address: Address) -> Response:
        query = request.query_params
        given = address.bucket, address.name, conditions_of(query), number_of(query, "generation")
        await asyncio.to_thread(self._objects.delete, *given)
        return json_answer(None)

    async def _act(self, request: Request, address: Address) -> Response:
        """An action on an object, tried again where what it reads is replaced meanwhile."""
        fields = await read_object(request)
        for _ in range(TRIES):
            try:
                return await self._act_once(request.query_params, address, fields)
            except FileNotFoundError:
                await asyncio.sleep(0)
        raise ApiError("ABORTED", f"{address.bucket}/{address.name} is being replaced all the time. Try again later.")

    async def _act_once(self, query: Mapping[str, str], address: Address, fields: dict[str, Any]) -> Response:
        conditions = conditions_of(query)
        if address.action == "compose":
            named = fields.get("sourceObjects") or []
            if not isinstance(named, list):
                raise ApiError("INVALID_ARGUMENT", f"sourceObjects must be a list. Received: {str(named)[:200]}.")
            sources = [self._component(address.bucket, one) for one in named]
            told = fields.get("destination")
            destination = told if isinstance(told, dict) else {}
            made = await asyncio.to_thread(self._objects.compose, sources, *address.target, destination, conditions)
            return json_answer(self._shown(made))
        if not address.action:
            raise ApiError("UNIMPLEMENTED", "This method of an object is not served by this emulator.")
        source = self._objects.find(address.bucket, address.name, number_of(query, "sourceGeneration"))
        conditions_of(query, "ifSource").require(source)
        moves = address.action == "moveTo"
        made = await asyncio.to_thread(self._objects.copy, source, *address.target, fields, conditions, moves=moves)
        if address.action != "rewriteTo":
            return json_answer(self._shown(made))
        told = {"kind": "storage#rewriteResponse", "done": True, "resource": self._shown(made)}
        return json_answer({**told, "objectSize": str(made.size), "totalBytesRewritten": str(made.size)})

    def _component(self, bucket: str, told: Any) -> StoredObject:
        if not isinstance(told, dict) or not isinstance(told.get("name"), str):
            raise ApiError("INVALID_ARGUMENT", "Each of sourceObjects must have a name.")
        require_object_name(told["name"])
        preconditions = told.get("objectPreconditions") or {}
        if not isinstance(preconditions, dict):
            raise ApiError("INVALID_ARGUMENT", "objectPreconditions must be an object.")
        asked = {"generation": told.get("generation")} | preconditions
        query = {name: str(value) for name, value in asked.items() if value is not None}
        found = self._objects.find(bucket, told["name"], number_of(query, "generation"))
        conditions_of(query).require(found)
        return found


@lru_cache(maxsize=256)
def _asked(query_string: bytes) -> tuple[Conditions, int | None]:
    """What a reading asks of its object: conditions and a generation. The most ask for nothing."""
    query = QueryParams(query_string)
    return conditions_of(query), number_of(query, "generation")


def refusal_of(error: OSError | sqlite3.Error) -> ApiError:
    """What is answered where the store's folder cannot be used."""
    if isinstance(error, sqlite3.Error):
        is_full, why = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL, str(error)
    else:
        is_full, why = error.errno in {errno.ENOSPC, errno.EDQUOT}, str(error.strerror)
    if is_full:
        # Google's clients try again for minutes, and in silence, what they are told to be a passing fault.
        return ApiError("FAILED_PRECONDITION", "The disk of the object store is full. Make room, and send it again.")
    LOG.error("The object store cannot use its files: %s", error)
    return ApiError("INTERNAL", f"The object store cannot use its files: {why}.")
