"""A model server across its lives, in the test's own event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.api.errors import ApiError
from tests.emulator.vertex_emulator import MODEL_SERVER, is_alive
from tests.patience import patience_s

pytestmark = pytest.mark.run

FAST: dict[str, Any] = {
    "period_s": 0.1, "failures": 2, "first_pause_s": 0.05, "longest_pause_s": 86400.0, "drain_s": 2.0,
}  # fmt: skip


def with_server(folder: Path, flags: list[str], use: Callable[[Any, httpx.AsyncClient], Awaitable[None]]) -> str:
    """Runs `use` with a started server; the server's log."""
    from emulator.model_servers.command import ModelCommand
    from emulator.model_servers.server import ModelServer, Watch

    command = ModelCommand(
        name="1/2",
        words=("python3", str(MODEL_SERVER), "one", *flags),
        container_environment={},
        contract={"AIP_HEALTH_ROUTE": "/health", "AIP_PREDICT_ROUTE": "/predict"},
        health_route="/health",
        predict_route="/predict",
        timeout_s=patience_s(),
    )

    async def run() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            server = ModelServer(command, os.environ, folder / "log", client, patience_s(), Watch(**FAST))
            try:
                await use(server, client)
            finally:
                await server.stop()

    asyncio.run(run())
    return (folder / "log").read_text(encoding="utf-8")


async def url(server: Any) -> str:
    return f"http://127.0.0.1:{await server.healthy_port(patience_s())}/predict"


async def ask(server: Any, client: httpx.AsyncClient, instance: Any = 1) -> dict[str, Any]:
    answer = await client.post(await url(server), json={"instances": [instance]}, timeout=patience_s())
    (prediction,) = answer.json()["predictions"]
    result: dict[str, Any] = prediction
    return result


def test_a_server_that_turns_unhealthy_is_started_again(tmp_path: Path) -> None:
    async def use(server: Any, client: httpx.AsyncClient) -> None:
        await server.start()
        before = (await ask(server, client, {"do": "sicken"}))["pid"]
        while server.is_ready:
            await asyncio.sleep(0.01)
        after = (await ask(server, client))["pid"]
        assert before != after
        assert not is_alive(before)

    assert "The model server failed 2 health checks in a row." in with_server(tmp_path, [], use)


def test_pauses_grow_while_a_server_keeps_dying(tmp_path: Path) -> None:
    async def use(server: Any, client: httpx.AsyncClient) -> None:
        await server.start()
        for _ in range(3):
            address = await url(server)
            with pytest.raises(httpx.TransportError):
                await client.post(address, json={"instances": [{"do": "die"}]})
            while server.is_ready:
                await asyncio.sleep(0.005)

    log = with_server(tmp_path, [], use)
    assert [f"It starts again in {pause} s." in log for pause in ("0.05", "0.1", "0.2")] == [True] * 3


def test_a_first_start_that_fails_is_told_and_not_tried_again(tmp_path: Path) -> None:
    async def use(server: Any, _client: httpx.AsyncClient) -> None:
        with pytest.raises(ApiError, match="Model server exited unexpectedly"):
            await server.start()
        with pytest.raises(ApiError, match=r"was not healthy within 0\.2 s") as caught:
            await server.healthy_port(0.2)
        assert caught.value.status == "UNAVAILABLE"

    assert with_server(tmp_path, ["--fail-at-start"], use).count("one starts") == 1


def test_a_revived_server_is_tried_until_it_comes_up(tmp_path: Path) -> None:
    async def use(server: Any, _client: httpx.AsyncClient) -> None:
        server.revive()
        while (tmp_path / "log").read_text(encoding="utf-8").count("one starts") < 2:
            await asyncio.sleep(0.01)
        assert not server.is_ready

    (tmp_path / "log").touch()
    with_server(tmp_path, ["--fail-at-start"], use)


def test_stopping_waits_for_what_is_under_way_but_not_for_ever(tmp_path: Path) -> None:
    async def use(server: Any, _client: httpx.AsyncClient) -> None:
        await server.start()
        loop = asyncio.get_running_loop()
        # It never ends.
        with server.use():
            began = loop.time()
            await server.stop(drain=True)
            assert loop.time() - began >= FAST["drain_s"]
        assert not server.is_ready

    with_server(tmp_path, [], use)
