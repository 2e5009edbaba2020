"""Pipeline jobs that many clients create, cancel, delete and list at once, by chance."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.job_requests import JOBS, bucket, document, ended, job, pipelines
from tests.emulator.vertex_emulator import VertexEmulator

pytestmark = pytest.mark.run

CLIENTS = 6
STEPS = 25
IDS = [f"race-{number}" for number in range(5)]
CALLS = {
    "create": ("POST", f"/v1/{JOBS}?pipelineJobId=ID"),
    "cancel": ("POST", f"/v1/{JOBS}/ID:cancel"),
    "delete": ("DELETE", f"/v1/{JOBS}/ID"),
    "list": ("GET", f"/v1/{JOBS}?filter=state=PIPELINE_STATE_FAILED"),
    "get": ("GET", f"/v1/{JOBS}/ID"),
}
ALLOWED = {"create": {200, 409}, "cancel": {200, 400, 404}, "delete": {200, 400, 404}, "list": {200}, "get": {200, 404}}


def live(emulator: VertexEmulator, rows: dict[str, Any], chance: random.Random) -> list[tuple[str, int]]:
    """One client's life: what it did, and how that was answered."""
    seen = []
    for _ in range(STEPS):
        verb = chance.choice(["create", *CALLS])
        method, path = CALLS[verb]
        # Most jobs end at once, for want of a bucket; some run.
        body = job(rows) if chance.random() < 0.1 else job(root="gs://no-such-bucket/root")
        bodies = {"create": body, "cancel": {}}
        answer = emulator.call(method, path.replace("ID", chance.choice(IDS)), bodies.get(verb))
        seen.append((verb, answer.status_code))
    return seen


def test_no_client_sees_more_than_a_refusal_and_every_job_ends(own_emulator: VertexEmulator, tmp_path: Path) -> None:
    emulator = own_emulator
    bucket(emulator)
    rows = document(pipelines(tmp_path)["rows"])
    chances = [random.Random(seed) for seed in range(CLIENTS)]  # noqa: S311 - it keeps no secret
    with ThreadPoolExecutor(CLIENTS) as pool:
        lives = list(pool.map(lambda chance: live(emulator, rows, chance), chances))
    seen = Counter(outcome for outcomes in lives for outcome in outcomes)
    assert {(verb, code) for verb, code in seen if code not in ALLOWED[verb]} == set()
    assert seen["create", 200] > 5
    assert seen["delete", 200] > 0
    for found in emulator.get(JOBS).get("pipelineJobs", []):
        assert ended(emulator, found["name"])["state"] != "PIPELINE_STATE_CANCELLING"
        assert emulator.call("DELETE", f"/v1/{found['name']}").status_code == 200
    assert emulator.get(JOBS) == {}
    emulator.stop()
    emulator.start()
    folder = emulator.folder / "runs" / "p" / "us-central1"
    assert not folder.is_dir() or not [path for path in folder.iterdir() if "." not in path.name]
