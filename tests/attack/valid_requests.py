"""Valid requests for every route of the emulator: the seeds of mutated ones."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emulator.api.codec import new_pb
from emulator.api.routes import Route
from emulator.api.store import Store
from emulator.service import Host
from emulator.services import SERVICES
from emulator.settings import Settings
from emulator.storage.object_store import ObjectStore
from tests.attack.requests_in_parts import Request
from tests.emulator.job_requests import job
from tests.emulator.schedules.schedule_requests import schedule
from tests.emulator.vertex_emulator import IMAGE, LOCATION, RESOURCES

BUCKET = "mutated"
# The ids that paths are filled with, by the collection that they are in.
IDS = {
    "projects": "p",
    "locations": "us-central1",
    "models": "seed",
    "evaluations": "1",
    "endpoints": "77",
    "operations": "1",
    "pipelineJobs": "seed",
    "schedules": "1",
    "metadataStores": "attacked",
    "artifacts": "seed",
    "contexts": "seed",
    "executions": "seed",
}
_STORE = f"{LOCATION}/metadataStores/attacked"
_NAMES = {"artifacts": [f"{_STORE}/artifacts/seed"], "executions": [f"{_STORE}/executions/seed"]}
_EVENT = {"artifact": f"{_STORE}/artifacts/seed", "type": "INPUT"}
# Bodies by rpc; any other one has only the skeleton of its message.
BODIES: dict[str, Any] = {
    "UploadModel": {"model": {"displayName": "x", "labels": {"a": "b"}, "containerSpec": {"imageUri": IMAGE}}},
    "UpdateModel": {"displayName": "x", "labels": {"a": "b"}},
    "MergeVersionAliases": {"versionAliases": ["champion"]},
    "ImportModelEvaluation": {"modelEvaluation": {"metrics": {"accuracy": 0.9}, "displayName": "x"}},
    "CreateEndpoint": {"displayName": "x", "labels": {"a": "b"}},
    "UpdateEndpoint": {"displayName": "x", "description": "y"},
    # A model without a command is refused: no process is begun.
    "DeployModel": {
        "deployedModel": {"model": f"{LOCATION}/models/seed", "dedicatedResources": RESOURCES},
        "trafficSplit": {"0": 100},
    },
    "UndeployModel": {"deployedModelId": "1", "trafficSplit": {}},
    "MutateDeployedModel": {"deployedModel": {"id": "1", "dedicatedResources": RESOURCES}, "updateMask": "id"},
    "Predict": {"instances": [{"a": 1.5}, [1, 2]], "parameters": {"b": None}},
    "RawPredict": {"instances": [1]},
    "CreatePipelineJob": job(root="gs://no-such-bucket/root"),
    "BatchDeletePipelineJobs": {"names": [f"{LOCATION}/pipelineJobs/none"]},
    "BatchCancelPipelineJobs": {"names": [f"{LOCATION}/pipelineJobs/none"]},
    # Its trials have no command, and fail without a process.
    "CreateHyperparameterTuningJob": {
        "displayName": "x",
        "studySpec": {
            "metrics": [{"metricId": "m"}],
            "parameters": [{"parameterId": "p", "categoricalValueSpec": {"values": ["a", "b"]}}],
            "algorithm": "GRID_SEARCH",
        },
        "maxTrialCount": 2,
        "parallelTrialCount": 1,
        "trialJobSpec": {
            "workerPoolSpecs": [{**RESOURCES, "replicaCount": 1, "containerSpec": {"imageUri": IMAGE}}],
        },
    },
    "CreateSchedule": schedule("0 3 29 2 *"),
    "UpdateSchedule": {"displayName": "x", "maxRunCount": "9"},
    "ResumeSchedule": {"catchUp": False},
    "CreateArtifact": {"displayName": "x", "uri": "gs://a/b", "metadata": {"a": 1}, "schemaTitle": "system.Model"},
    "UpdateArtifact": {"displayName": "x", "metadata": {"a": [1, {"b": None}]}},
    "CreateContext": {"displayName": "x", "metadata": {"a": 1}, "labels": {"a": "b"}},
    "UpdateContext": {"displayName": "x", "metadata": {"a": 1}},
    "CreateExecution": {"displayName": "x", "metadata": {"a": 1}, "state": "RUNNING"},
    "UpdateExecution": {"displayName": "x", "state": "COMPLETE"},
    "AddContextChildren": {"childContexts": [f"{_STORE}/contexts/other"]},
    "RemoveContextChildren": {"childContexts": [f"{_STORE}/contexts/other"]},
    "AddContextArtifactsAndExecutions": _NAMES,
    "AddExecutionEvents": {"events": [_EVENT]},
    "WaitOperation": {"timeout": "0.1s"},
}
QUERIES: dict[str, list[tuple[str, str]]] = {
    "CreatePipelineJob": [("pipelineJobId", "seed")],
    "CreateArtifact": [("artifactId", "seed")],
    "CreateContext": [("contextId", "seed")],
    "CreateExecution": [("executionId", "seed")],
    "CreateEndpoint": [("endpointId", "77")],
    "CreateMetadataStore": [("metadataStoreId", "attacked")],
}
CONTROLS: dict[str, Any] = {
    "/healthz": None,
    "/_emulator/requests": None,
    "/_emulator/faults": {"rpc": "NoSuchMethod", "status": "NOT_FOUND", "times": 1, "message": "asked for"},
    "/_emulator/operation_delay": {"seconds": 0},
    "/_emulator/clock": {"advance_s": 60},
    "/v2/entries:list": {
        "resourceNames": ["projects/p"],
        "filter": 'resource.type="ml_job" AND resource.labels.job_id="1"',
        "orderBy": "timestamp asc",
        "pageSize": 10,
    },
}
_LONE = f"/storage/v1/b/{BUCKET}/o"
STORAGE: list[tuple[str, str, Any]] = [
    ("GET", "/storage/v1/b?project=p&prefix=m", None),
    ("POST", "/storage/v1/b?project=p", {"name": "another", "location": "EU", "labels": {"a": "b"}}),
    ("GET", f"/storage/v1/b/{BUCKET}", None),
    ("PATCH", f"/storage/v1/b/{BUCKET}", {"labels": {"a": None, "b": "c"}, "versioning": {"enabled": False}}),
    ("DELETE", "/storage/v1/b/another", None),
    ("GET", f"/storage/v1/b/{BUCKET}/iam/testPermissions?permissions=a&permissions=b", None),
    ("GET", f"{_LONE}?prefix=a&delimiter=/&maxResults=2&matchGlob=**&startOffset=a&endOffset=z", None),
    ("GET", f"{_LONE}/a%2Fb", None),
    ("GET", f"{_LONE}/a%2Fb?alt=media", None),
    ("PATCH", f"{_LONE}/a%2Fb", {"metadata": {"a": "b"}, "contentType": "text/x", "cacheControl": "no-store"}),
    ("PUT", f"{_LONE}/a%2Fb", {"metadata": {"a": "b"}}),
    ("DELETE", f"{_LONE}/gone?ifGenerationMatch=1", None),
    ("POST", f"{_LONE}/c/compose", {"sourceObjects": [{"name": "a/b", "objectPreconditions": {}}], "destination": {}}),
    ("POST", f"{_LONE}/a%2Fb/copyTo/b/{BUCKET}/o/d", {"metadata": {"a": "b"}}),
    ("POST", f"{_LONE}/a%2Fb/rewriteTo/b/{BUCKET}/o/e", {}),
    ("POST", f"{_LONE}/d/moveTo/o/f", {}),
    ("GET", f"/download{_LONE}/a%2Fb?alt=media", None),
    ("GET", f"/{BUCKET}/a/b", None),
    ("HEAD", f"/{BUCKET}/a/b", None),
    ("PUT", f"/{BUCKET}/a/b", b"content"),
    ("POST", f"/upload{_LONE}?uploadType=media&name=a%2Fb", b"content"),
    ("POST", f"/upload{_LONE}?uploadType=resumable&name=g", {"contentType": "text/x", "md5Hash": "x"}),
    ("PUT", f"/upload{_LONE}?uploadType=resumable&upload_id=UPLOAD", b"0123456789"),
    ("DELETE", f"/upload{_LONE}?uploadType=resumable&upload_id=none", None),
]  # fmt: skip
_TWO_PARTS = (
    b'--x\r\ncontent-type: application/json\r\n\r\n{"name": "h", "metadata": {"a": "b"}}\r\n--x\r\n\r\nbytes\r\n--x--'
)
_BATCH = b"".join(
    b"--x\r\nContent-Type: application/http\r\nContent-ID: <%d>\r\n\r\n%s HTTP/1.1\r\n\r\n{}\r\n" % (number, line)
    for number, line in enumerate((f"GET {_LONE}/a".encode(), f"PATCH {_LONE}/a%2Fb?fields=x".encode()))
)
_RESOURCES = f"/console/projects/{IDS['projects']}/locations/{IDS['locations']}"
CONSOLE = [
    "/console",
    "/console/",
    "/console/compare?run=a&run=b",
    f"/console/objects?uri=gs://{BUCKET}/a/b",
    f"/console/download?uri=gs://{BUCKET}/a/b",
    f"/console/report?uri=gs://{BUCKET}/a/b",
    *(f"{_RESOURCES}/{kind}" for kind in ("pipelineJobs", "models", "endpoints", "schedules")),
    *(f"{_RESOURCES}/{kind}/{IDS[kind]}" for kind in ("pipelineJobs", "models", "endpoints", "schedules")),
    "/console/favicon.ico",
    "/console/_nicegui/3/static/nicegui.js",
    "/console/_nicegui_ws/socket.io/?EIO=4&transport=polling",
]
_HANDSHAKE = [
    (b"Upgrade", b"websocket"),
    (b"Connection", b"Upgrade"),
    (b"Sec-WebSocket-Version", b"13"),
    (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
]


class ValidRequests:
    """All seeds.

    Args:
        folder: For an emulator that is not started: it tells the paths of its services' pages.
        hosts: The authority of each port, `api` and `storage`.

    Attributes:
        upload: The id of a resumable upload under way.
    """

    def __init__(self, folder: Path, hosts: dict[str, str]) -> None:
        self._hosts = hosts
        self.upload = "none"
        self.ids = dict(IDS)
        self._routes = [route for service in SERVICES for route in service.routes]
        self._pages = dict(_pages(folder))

    def __len__(self) -> int:
        return len(self._routes) + len(CONTROLS | self._pages) + len(STORAGE) + len(CONSOLE) + 3

    def make(self, number: int, chance: random.Random) -> Request:
        """The seed of a number, of which there are as many as `len` says.

        Args:
            number: Its number.
            chance: Gives versions and skeletons.
        """
        for group, size in (
            (self._of_route, len(self._routes)),
            (self._of_control, len(CONTROLS | self._pages)),
            (self._of_storage, len(STORAGE) + 2),
            (self._of_console, len(CONSOLE) + 1),
        ):
            if number < size:
                return group(number, chance)
            number -= size
        raise IndexError(number)

    def _of_route(self, number: int, chance: random.Random) -> Request:
        route = self._routes[number]
        path, _, verb = route.template.partition(":")
        parts = path.split("/")
        filled = [self.ids.get(parts[place - 1], "1") if part == "*" else part for place, part in enumerate(parts)]
        version = chance.choice(["v1", "v1", "v1beta1"])
        request = self._request("api", route.http_method, f"/{version}/{'/'.join(filled)}{verb and f':{verb}'}")
        request.may_be_unavailable = "redict" in route.rpc
        request.query = list(QUERIES.get(route.rpc, ()))
        if route.http_method == "PATCH":
            request.query.append(("updateMask", ",".join(BODIES.get(route.rpc, {"displayName": ""}))))
        if route.body_field:
            self._fill(
                request,
                BODIES[route.rpc] if route.rpc in BODIES and chance.random() < 0.7 else _skeleton(route, chance),
            )
        return request

    def _of_control(self, number: int, _chance: random.Random) -> Request:
        path, body = [*{**self._pages, **CONTROLS}.items()][number]
        request = self._request("api", "GET" if body is None else "POST", path)
        if body is not None:
            self._fill(request, body)
        return request

    def _of_storage(self, number: int, _chance: random.Random) -> Request:
        if number < len(STORAGE):
            method, target, body = STORAGE[number]
            request = self._request("storage", method, target.replace("UPLOAD", self.upload))
            if isinstance(body, bytes):
                request.body = body
            elif body is not None:
                self._fill(request, body)
            if "upload_id=UPLOAD" in target:
                request.headers.append((b"Content-Range", b"bytes 0-9/*"))
            return request
        if number == len(STORAGE):
            request = self._request("storage", "POST", f"/upload{_LONE}?uploadType=multipart")
            request.headers.append((b"Content-Type", b"multipart/related; boundary=x"))
            request.body = _TWO_PARTS
            return request
        request = self._request("storage", "POST", "/batch/storage/v1")
        request.headers.append((b"Content-Type", b"multipart/mixed; boundary=x"))
        request.body = _BATCH + b"--x--"
        return request

    def _of_console(self, number: int, _chance: random.Random) -> Request:
        if number < len(CONSOLE):
            return self._request("api", "GET", CONSOLE[number])
        request = self._request("api", "GET", "/console/_nicegui_ws/socket.io/?EIO=4&transport=websocket")
        request.headers += [*_HANDSHAKE, (b"Origin", f"http://{self._hosts['api']}".encode())]
        return request

    def _request(self, port: str, method: str, target: str) -> Request:
        path, _, query = target.partition("?")
        pairs = [(name, value) for name, _, value in (one.partition("=") for one in query.split("&") if one)]
        return Request(port, method, path, pairs, [(b"Host", self._hosts[port].encode())])

    @staticmethod
    def _fill(request: Request, body: Any) -> None:
        request.headers.append((b"Content-Type", b"application/json"))
        request.body = json.dumps(body).encode()


def _pages(folder: Path) -> Iterator[tuple[str, Any]]:
    """The paths of the services' pages, each with the body of a POST."""
    storage = ObjectStore(folder / "storage")
    store = Store(folder / "vertex.sqlite3")
    host = Host(Settings(state_dir=folder), store, storage, {}, lambda _work: None)
    for service in SERVICES:
        for page in service(host).pages():
            yield page.path, {} if "POST" in (page.methods or ()) else None
    store.close()
    storage.close()


def _skeleton(route: Route, chance: random.Random) -> dict[str, Any]:
    """A body with some of the fields that its message has, whichever they are."""
    message: Any = new_pb(route.request_type).DESCRIPTOR
    if route.body_field != "*":
        message = message.fields_by_name[route.body_field].message_type
    return _fields(message, chance, 3)


def _fields(message: Any, chance: random.Random, depth: int) -> dict[str, Any]:
    fields = [field for field in message.fields if chance.random() < 0.4]
    return {field.json_name: _value(field, chance, depth) for field in fields}


def _value(field: Any, chance: random.Random, depth: int) -> Any:
    kind = field.message_type
    if kind is None:
        one: Any = chance.choice([1, "1", "text", True, 0.5, f"{LOCATION}/models/seed"])
    elif kind.full_name.startswith("google.protobuf."):
        one = chance.choice([{"a": 1}, "2030-01-01T00:00:00Z", "1.5s", "displayName", [1], "x"])
    elif kind.GetOptions().map_entry:
        return {"key": _value(kind.fields_by_name["value"], chance, depth - 1)} if depth else {}
    else:
        one = _fields(kind, chance, depth - 1) if depth else {}
    return [one] if field.is_repeated else one
