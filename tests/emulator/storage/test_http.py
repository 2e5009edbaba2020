"""Cloud Storage over raw HTTP: forms that no client of ours sends, and what is refused."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest

from tests.emulator.vertex_emulator import VertexEmulator, storage_client

pytestmark = pytest.mark.run

MULTIPART = {"content-type": "multipart/related; boundary=x"}


@pytest.fixture(scope="module")
def http(emulator: VertexEmulator) -> Any:
    storage_client(emulator).create_bucket("raw")
    with httpx.Client(base_url=emulator.running["storageAddress"], trust_env=False, timeout=60.0) as client:
        yield client


def put(http: httpx.Client, name: str, content: bytes) -> dict[str, Any]:
    answer = http.post(f"/upload/storage/v1/b/raw/o?uploadType=media&name={name}", content=content)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def reason(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    return answer.status_code, error["errors"][0]["reason"]


def test_one_connection_carries_many_requests(http: httpx.Client, emulator: VertexEmulator) -> None:
    put(http, "kept-alive", b"x")
    port = int(emulator.running["storageAddress"].rpartition(":")[2])
    request = b"GET /storage/v1/b/raw/o/kept-alive?alt=media HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _ in range(3):
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b"\r\n\r\nx"):
                answer += connection.recv(1000)


def test_a_client_that_stops_in_the_middle_keeps_no_other_waiting(http: httpx.Client, emulator: VertexEmulator) -> None:
    port = int(emulator.running["storageAddress"].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as idle, socket.create_connection(("127.0.0.1", port)) as half:
        path = "/upload/storage/v1/b/raw/o?uploadType=media&name=half"
        half.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhalf".encode())
        put(http, "whole", b"whole")
        assert http.get("/storage/v1/b/raw/o/whole?alt=media").content == b"whole"
        assert idle.fileno() > 0
    assert http.get("/storage/v1/b/raw/o/half").status_code == 404


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
@pytest.mark.parametrize("pieces", [1, 7, 10_000])
def test_a_body_of_two_parts_may_come_in_pieces(http: httpx.Client, newline: str, pieces: int) -> None:
    content = b"a\r\n--y\r\n--\r\n" * 10 + b"\r"
    lines = ("--x", "Content-Type: application/json", "", '{"name": "two"}', "--x", "content-type: text/x", "", "")
    body = newline.join(lines).encode() + content + f"{newline}--x--".encode()
    chunks = (body[place : place + pieces] for place in range(0, len(body), pieces))
    answer = http.post("/upload/storage/v1/b/raw/o?uploadType=multipart", content=chunks, headers=MULTIPART)
    assert answer.status_code == 200, answer.text
    assert answer.json()["contentType"] == "text/x"
    expected = content.removesuffix(b"\r") if newline == "\n" else content
    assert http.get("/storage/v1/b/raw/o/two?alt=media").content == expected


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "ends within a part"),
        (b"--x\r\n\r\n{}\r\n--x", "ends within a part"),
        (b"--x--\r\n", "must have two parts"),
        (b"--x\r\n\r\n{}\r\n--x--\r\n", "must have two parts"),
        (b"--x\r\n\r\n[1]\r\n--x\r\n\r\n1\r\n--x--", "must be a JSON object"),
        (b"--x\r\n\r\n{}\r\n--x\r\n\r\n1\r\n--x--", "Required: the name"),
    ],
)
def test_a_body_of_another_form_is_refused(http: httpx.Client, body: bytes, told: str) -> None:
    answer = http.post("/upload/storage/v1/b/raw/o?uploadType=multipart", content=body, headers=MULTIPART)
    assert reason(answer) == (400, "invalid")
    assert told in answer.text


@pytest.mark.parametrize(
    ("header", "status", "content"),
    [
        ("bytes=0-0", 206, b"0"),
        ("bytes=8-", 206, b"89"),
        ("bytes=8-99", 206, b"89"),
        ("bytes=-3", 206, b"789"),
        ("bytes=-99", 206, b"0123456789"),
        ("bytes=10-", 416, None),
        ("bytes=5-4", 416, None),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("lines=0-1", 200, b"0123456789"),
        ("bytes=-", 200, b"0123456789"),
    ],
)
def test_a_range_is_answered_as_http_has_it(
    http: httpx.Client, header: str, status: int, content: bytes | None
) -> None:
    put(http, "digits", b"0123456789")
    answer = http.get("/download/storage/v1/b/raw/o/digits?alt=media", headers={"range": header})
    assert answer.status_code == status
    assert content is None or answer.content == content


def test_an_object_is_never_run_by_a_browser(http: httpx.Client) -> None:
    put(http, "page.html", b"<script>alert(1)</script>")
    answer = http.get("/raw/page.html", headers={"sec-fetch-mode": "navigate", "sec-fetch-site": "none"})
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''page.html"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "content-disposition" not in http.get("/raw/page.html").headers


def test_what_is_no_path_of_googles_is_not_there(http: httpx.Client) -> None:
    put(http, "kept", b"x")
    for method in ("GET", "POST", "PUT", "DELETE"):
        for path in ("/", "/wipe", "/b/raw/o/kept", "/storage/v1/b/raw/o/kept/restore", "/storage/v2/b/raw"):
            assert http.request(method, path).status_code in {404, 501}, (method, path)
    assert http.get("/storage/v1/b/raw/o/kept?alt=media").content == b"x"


def test_a_resumable_upload_goes_on_where_it_stood(http: httpx.Client) -> None:
    begun = http.post("/upload/storage/v1/b/raw/o?uploadType=resumable&name=long", json={"contentType": "text/x"})
    place = begun.headers["location"]
    assert http.put(place, headers={"content-range": "bytes */*"}).status_code == 308
    first = http.put(place, content=b"0123", headers={"content-range": "bytes 0-3/*"})
    assert (first.status_code, first.headers["range"]) == (308, "bytes=0-3")
    # A piece that is sent again, since its answer was lost.
    again = http.put(place, content=b"2345", headers={"content-range": "bytes 2-5/*"})
    assert (again.status_code, again.headers["range"]) == (308, "bytes=0-5")
    assert reason(http.put(place, content=b"x", headers={"content-range": "bytes 9-9/*"})) == (400, "invalid")
    assert reason(http.put(place, content=b"x", headers={"content-range": "lines"})) == (400, "invalid")
    done = http.put(place, content=b"67", headers={"content-range": "bytes 6-7/8"})
    assert (done.status_code, done.json()["size"], done.json()["contentType"]) == (200, "8", "text/x")
    assert http.get("/raw/long").content == b"01234567"
    # The last answer was lost: what came of it is told again, also of an object that is gone since.
    assert http.delete("/storage/v1/b/raw/o/long").status_code == 204
    for content, place_in_it in ((b"67", "6-7"), (b"", "*")):
        lost = http.put(place, content=content, headers={"content-range": f"bytes {place_in_it}/8"})
        assert (lost.status_code, lost.json()) == (200, done.json())
    assert reason(http.delete(place)) == (404, "notFound")
    assert http.get("/raw/long").status_code == 404


def test_a_resumable_upload_is_cancelled(http: httpx.Client) -> None:
    place = http.post("/upload/storage/v1/b/raw/o?uploadType=resumable&name=never").headers["location"]
    assert http.delete(place).status_code == 499
    assert reason(http.delete(place)) == (404, "notFound")
    assert http.get("/raw/never").status_code == 404


def test_signed_urls_are_served_and_not_looked_at(http: httpx.Client) -> None:
    assert http.put("/raw/a%2Fsigned?X-Goog-Signature=abc", content=b"signed").status_code == 200
    assert http.get("/raw/a/signed").content == b"signed"
    assert http.head("/raw/a/signed").headers["content-length"] == "6"
    refused = http.put("/raw/a/signed", content=b"x", headers={"x-goog-if-generation-match": "0"})
    assert reason(refused) == (412, "conditionNotMet")


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/storage/v1/b?project=p", b'{"name": "../up"}', (400, "invalid")),
        ("POST", "/storage/v1/b?project=p", b"{", (400, "invalid")),
        ("POST", "/storage/v1/b?project=p", b"[]", (400, "invalid")),
        ("GET", "/storage/v1/b/absent/o", b"", (404, "notFound")),
        ("GET", "/storage/v1/b/raw/o/absent?alt=media", b"", (404, "notFound")),
        ("GET", "/storage/v1/b/raw/o?pageToken=!", b"", (400, "invalid")),
        ("GET", "/storage/v1/b/raw/o/%FF", b"", (400, "invalid")),
        ("GET", "/storage/v1/b/raw/o/x?generation=abc", b"", (400, "invalid")),
        ("DELETE", "/storage/v1/b/raw/o/x?ifGenerationMatch=-1", b"", (400, "invalid")),
        ("POST", "/upload/storage/v1/b/raw/o?uploadType=odd&name=x", b"", (400, "invalid")),
        ("POST", "/upload/storage/v1/b/raw/o?uploadType=media&name=..", b"", (400, "invalid")),
        ("POST", "/upload/storage/v1/b/absent/o?uploadType=resumable&name=x", b"", (404, "notFound")),
        ("PUT", "/upload/storage/v1/b/raw/o?upload_id=none", b"", (404, "notFound")),
        ("POST", "/storage/v1/b/raw/o/x/compose", b'{"sourceObjects": []}', (400, "invalid")),
        ("POST", "/storage/v1/b/raw/o/x/compose", b'{"sourceObjects": [1]}', (400, "invalid")),
        ("POST", "/storage/v1/b/raw/o/x/compose", b'{"sourceObjects": 1}', (400, "invalid")),
        ("POST", "/storage/v1/b/raw/o/x/compose", b'{"sourceObjects": [{"name": "\\ud800"}]}', (400, "invalid")),
        (
            "POST",
            "/storage/v1/b/raw/o/x/compose",
            b'{"sourceObjects": [{"name": "x", "objectPreconditions": [1]}]}',
            (400, "invalid"),
        ),
        ("POST", "/storage/v1/b/raw/o/absent/copyTo/b/raw/o/y", b"", (404, "notFound")),
        ("POST", "/batch/storage/v1", b"", (400, "invalid")),
        ("PATCH", "/storage/v1/b", b"", (501, "notImplemented")),
    ],
)
def test_a_refusal_has_its_status_and_reason(
    http: httpx.Client, method: str, path: str, body: bytes, expected: tuple[int, str]
) -> None:
    assert reason(http.request(method, path, content=body)) == expected


def test_a_boundary_that_is_no_ascii_is_refused(http: httpx.Client) -> None:
    headers = {"content-type": "multipart/related; boundary*=utf-8''%E2%82%AC"}
    for path in ("/upload/storage/v1/b/raw/o?uploadType=multipart", "/batch/storage/v1"):
        assert reason(http.post(path, content=b"x", headers=headers)) == (400, "invalid")


def test_a_part_of_a_batch_is_refused_with_its_own_fault(http: httpx.Client) -> None:
    headers = {"content-type": "multipart/mixed; boundary=x"}
    part = b"--x\r\nContent-Type: application/http\r\n\r\nPOST %s HTTP/1.1\r\ncontent-type: \xff\r\n\r\n[]\r\n--x--"
    refused = http.post("/batch/storage/v1", content=part % b"http://[", headers=headers)
    assert reason(refused) == (400, "invalid")
    answer = http.post("/batch/storage/v1", content=part % b"/storage/v1/b", headers=headers)
    assert (answer.status_code, b"HTTP/1.1 400 Bad Request" in answer.content) == (200, True)


def test_a_reader_that_has_it_already_is_told_so(http: httpx.Client) -> None:
    generation = put(http, "same", b"x")["generation"]
    answer = http.get(f"/storage/v1/b/raw/o/same?alt=media&ifGenerationNotMatch={generation}")
    assert (answer.status_code, answer.content) == (304, b"")


def test_names_that_a_file_system_takes_for_one_are_two(http: httpx.Client) -> None:
    names = ["a/./b", "a/b", "a//b", "A/b", "a\\b", "\u00e9", "e\u0301"]
    for name in names:
        put(http, f"names/{name}".replace("/", "%2F").replace("\\", "%5C"), name.encode())
    found = http.get("/storage/v1/b/raw/o?prefix=names/").json()["items"]
    assert sorted(one["name"].removeprefix("names/") for one in found) == sorted(names)
    for name in names:
        path = f"names/{name}".replace("/", "%2F").replace("\\", "%5C")
        assert http.get(f"/storage/v1/b/raw/o/{path}?alt=media").content == name.encode()
