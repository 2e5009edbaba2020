"""Random lives of a model and its endpoint, with kills, held against what was answered."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from google.api_core.exceptions import GoogleAPIError

from components.vertex import endpoints, registry
from components.vertex.errors import RolloutError
from tests.components.vertex.conftest import SURROUNDINGS, create_bucket, point_at
from tests.components.vertex.registered import (
    ENDPOINT,
    MODEL,
    Version,
    answered_share,
    champion,
    here,
    register,
    rolled_back,
    rolled_out,
)
from tests.components.vertex.registered import traffic as read_traffic
from tests.emulator.vertex_emulator import VertexEmulator

STEPS = 16
LONGEST_DELAY_S = 1.5


class Life:
    """What has been answered: the versions, the traffic by version, the champion.

    Args:
        emulator: Holds nothing yet.
        chance: Decides.
    """

    def __init__(self, emulator: VertexEmulator, chance: random.Random) -> None:
        self.emulator = emulator
        self.chance = chance
        self.versions: list[Version] = []
        self.bad: set[str] = set()
        self.traffic: dict[str, int] = {}
        self.champion: str | None = None

    def step(self) -> None:
        """Does one thing that can be done, and looks at everything."""
        steps: list[Callable[[], None]] = [self.register_good, self.register_bad, self.kill]
        steps += [self.deploy, self.deploy, self.deploy_through_a_kill, self.register_again] if self.versions else []
        steps += [self.roll_back, self.roll_back, self.undeploy] if self.traffic else []
        self.chance.choice(steps)()
        self.check_registry()
        self.check_traffic()

    def register_good(self) -> None:
        self._register()

    def register_bad(self) -> None:
        faults = [("--fault", "lie"), ("--fault", "fail", "--good", "1")]
        self.bad.add(self._register(*self.chance.choice(faults)))

    def _register(self, *fault: str) -> str:
        number = len(self.versions) + 1
        version = register(round(0.9 - number / 100, 2), *fault)
        assert version.number == str(number)
        self.versions.append(version)
        return version.number

    def register_again(self) -> None:
        version = self.chance.choice(self.versions)
        assert register(version.share).number == version.number

    def deploy(self) -> None:
        self._roll_out(self.chance.choice(self.versions[-3:]), self.chance.choice([(100,), (40, 100)]))

    def _roll_out(self, version: Version, percentages: tuple[int, ...]) -> None:
        smoke_at = self.chance.choice(["task", "endpoint"])
        if version.number in self.bad:
            with pytest.raises(RolloutError):
                rolled_out(version, *percentages, smoke_at=smoke_at)
            self.traffic = {number: 0 for number in self.traffic if number != version.number}
            if self.traffic:
                assert self.champion is not None
                self.traffic[self.champion] = 100
            return
        rolled_out(version, *percentages, smoke_at=smoke_at)
        self.traffic = read_traffic()
        assert self.traffic[version.number] == 100
        assert len(self.traffic) <= 2
        self.champion = version.number

    def deploy_through_a_kill(self) -> None:
        """However far it came, the traffic is whole, and doing it again ends as if nothing had been."""
        version, percentages = self.chance.choice(self.versions), self.chance.choice([(100,), (40, 100)])
        killer = threading.Timer(self.chance.uniform(0, LONGEST_DELAY_S), self.kill)
        killer.start()
        with contextlib.suppress(RolloutError, GoogleAPIError, OSError):
            rolled_out(version, *percentages)
        killer.join()
        left = read_traffic()
        assert sum(left.values()) == (100 if left else 0)
        assert champion() in {self.champion, version.number}
        # What the next rollout begins with.
        self.traffic, self.champion = left, champion()
        self._roll_out(version, percentages)

    def roll_back(self) -> None:
        if len(self.traffic) == 1:
            with pytest.raises(RolloutError, match="there is none to go back to"):
                rolled_back()
            return
        lost, gained = rolled_back()
        assert (lost, self.traffic) == (self.champion, {lost: 100, gained: 0})
        self.traffic = {lost: 0, gained: 100}
        self.champion = gained

    def undeploy(self) -> None:
        endpoint = endpoints.find_endpoint(here(), ENDPOINT)
        assert endpoint is not None
        endpoints.undeploy_all(here(), endpoint)
        self.traffic = {}

    def kill(self) -> None:
        self.emulator.kill()
        self.emulator.start()

    def check_registry(self) -> None:
        model = registry.find_model(here(), MODEL)
        listed = [] if model is None else registry.versions_of(here(), model)
        assert [one.version_id for one in listed] == [version.number for version in self.versions]
        aliases = [alias for one in listed for alias in one.version_aliases]
        assert len(aliases) == len(set(aliases))
        assert champion() == self.champion

    def check_traffic(self) -> None:
        traffic = read_traffic()
        assert traffic == self.traffic
        assert sum(traffic.values()) == (100 if traffic else 0)
        assert not self.bad & set(traffic)
        if traffic:
            assert self.champion is not None
            assert traffic[self.champion] == 100
            assert answered_share() == self.versions[int(self.champion) - 1].share
        assert read_traffic(f"{ENDPOINT}-smoke") == {}


@pytest.mark.run
@pytest.mark.parametrize("seed", [2, 4])
def test_random_lives_keep_every_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    for name, value in SURROUNDINGS.items():
        monkeypatch.setenv(name, value)
    with contextlib.closing(VertexEmulator(tmp_path / "vertex")) as emulator:
        point_at(emulator, monkeypatch)
        create_bucket(emulator)
        life = Life(emulator, random.Random(seed))  # noqa: S311 - a test keeps no secret
        for _ in range(STEPS):
            life.step()
