"""Runners that stand by, as processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from emulator.pipeline_jobs.runners import Runners
from emulator.runner.standby import Call

pytestmark = pytest.mark.run

ROOT = Path(__file__).resolve().parents[3]


def environment(**more: str) -> Mapping[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def call(folder: Path) -> Call:
    """A call that fails, and tells so, before anything runs."""
    return Call(["--spec", "absent.yaml", "--run-dir", str(folder / "run")], {}, str(folder / "told.txt"))


def assert_told(folder: Path, code: int) -> None:
    assert code == 2
    assert (folder / "told.txt").read_text(encoding="utf-8").startswith("The pipeline absent.yaml cannot be read: ")


def test_a_run_is_taken_by_the_runner_that_stands_by(tmp_path: Path) -> None:
    (tmp_path / "told.txt").write_text("What an earlier one has told, which is longer than a line.\n" * 9)

    async def take() -> int:
        runners = Runners(environment(), standby_s=3600)
        ready = await runners.stand_by()
        assert await runners.stand_by() is ready
        started = await runners.start(call(tmp_path))
        assert started is ready
        return await started.wait()

    assert_told(tmp_path, asyncio.run(take()))


def test_a_run_for_which_none_stands_by_has_a_runner_of_its_own(tmp_path: Path) -> None:
    async def take() -> int:
        return await (await Runners(environment(), standby_s=3600).start(call(tmp_path))).wait()

    assert_told(tmp_path, asyncio.run(take()))


def test_a_runner_that_was_killed_as_it_stood_by_takes_none(tmp_path: Path) -> None:
    async def take() -> int:
        runners = Runners(environment(), standby_s=3600)
        ready = await runners.stand_by()
        assert ready is not None
        ready.kill()
        await ready.wait()
        return await (await runners.start(call(tmp_path))).wait()

    assert_told(tmp_path, asyncio.run(take()))


def test_a_runner_stands_by_for_a_while_alone() -> None:
    async def wait() -> int:
        ready = await Runners(environment(), standby_s=0.1).stand_by()
        assert ready is not None
        return await ready.wait()

    assert asyncio.run(wait()) < 0


def test_a_runner_that_stands_by_is_ended_with_the_others() -> None:
    async def close() -> int | None:
        runners = Runners(environment(), standby_s=3600)
        ready = await runners.stand_by()
        assert ready is not None
        await runners.close()
        return ready.returncode

    assert asyncio.run(close()) is not None


def test_none_stands_by_where_none_is_wanted() -> None:
    async def stand_by() -> None:
        runners = Runners(environment(), standby_s=0)
        assert await runners.stand_by() is None
        await runners.close()

    asyncio.run(stand_by())


def test_a_runner_that_stands_by_ends_with_its_input() -> None:
    command = [sys.executable, "-m", "emulator.runner.standby"]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_runner_that_stood_by_is_given_the_variables_of_its_run(tmp_path: Path) -> None:
    script = (
        "import json, runpy, sys\n"
        "from emulator.runner import standby\n"
        "def told(name, **_):\n"
        "    import os\n"
        "    print(name, sys.argv[1:], os.environ['OF_THE_RUN'], 'emulator.runner' in sys.modules)\n"
        "runpy.run_module = told\n"
        "standby.main()\n"
    )
    line = Call(["--spec", "x.yaml"], {"OF_THE_RUN": "1"}, str(tmp_path / "told.txt")).line
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, input=line, check=True)
    assert (tmp_path / "told.txt").read_text(encoding="utf-8") == "emulator.runner ['--spec', 'x.yaml'] 1 False\n"
