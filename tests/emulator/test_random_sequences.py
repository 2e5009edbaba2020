"""Random calls and kills against a running emulator, held against a plain model of what must be there."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.emulator.vertex_emulator import LOCATION, VertexEmulator

ALIASES = st.sampled_from(["champion", "challenger", "golden"])
POSITION = st.integers(0, 1000)


class Registry(RuleBasedStateMachine):
    """What has been answered: aliases by model and version, deployed ids and split by endpoint."""

    emulator: VertexEmulator

    @initialize()
    def begin(self) -> None:
        self.emulator.call("POST", "/_emulator/reset")
        self.models: dict[str, dict[str, list[str]]] = {}
        self.last_version: dict[str, int] = {}
        self.deployed: dict[str, dict[str, tuple[str, str]]] = {}
        self.splits: dict[str, dict[str, int]] = {}

    @rule()
    def upload_model(self) -> None:
        model = self.emulator.upload().partition("@")[0]
        self.models[model] = {"1": ["default"]}
        self.last_version[model] = 1

    @precondition(lambda self: self.models)
    @rule(position=POSITION, aliases=st.lists(ALIASES, unique=True, max_size=2), default=st.booleans())
    def upload_version(self, position: int, aliases: list[str], default: bool) -> None:
        model = self._pick(self.models, position)
        asked = [*aliases, *(["default"] if default else [])]
        name = self.emulator.upload("next", parent_model=model, model={"versionAliases": asked})
        self.last_version[model] += 1
        version = str(self.last_version[model])
        assert name == f"{model}@{version}"
        self._give(model, version, asked)

    @precondition(lambda self: self.models)
    @rule(position=POSITION, alias=st.one_of(ALIASES, st.just("default")))
    def move_alias(self, position: int, alias: str) -> None:
        model = self._pick(self.models, position)
        version = self._pick(self.models[model], position // 7)
        body = {"versionAliases": [alias]}
        answer = self.emulator.post(f"{model}@{version}:mergeVersionAliases", body)
        self._give(model, version, [alias])
        assert answer["versionAliases"] == self.models[model][version]

    @precondition(lambda self: self.models)
    @rule(position=POSITION)
    def delete_version(self, position: int) -> None:
        model = self._pick(self.models, position)
        version = self._pick(self.models[model], position // 7)
        versions = self.models[model]
        allowed = len(versions) > 1 and "default" not in versions[version]
        allowed = allowed and not self._is_deployed(model, version)
        answer = self.emulator.call("DELETE", f"/v1/{model}@{version}:deleteVersion")
        assert answer.status_code == (200 if allowed else 400), answer.text
        if allowed:
            del versions[version]

    @precondition(lambda self: self.models)
    @rule(position=POSITION)
    def delete_model(self, position: int) -> None:
        model = self._pick(self.models, position)
        allowed = not any(self._is_deployed(model, version) for version in self.models[model])
        answer = self.emulator.call("DELETE", f"/v1/{model}")
        assert answer.status_code == (200 if allowed else 400), answer.text
        if allowed:
            del self.models[model]

    @rule()
    def create_endpoint(self) -> None:
        endpoint = self.emulator.create_endpoint()
        self.deployed[endpoint] = {}
        self.splits[endpoint] = {}

    @precondition(lambda self: self.models and self.deployed)
    @rule(position=POSITION, share=st.integers(0, 100), kill=st.booleans())
    def deploy(self, position: int, share: int, kill: bool) -> None:
        endpoint = self._pick(self.deployed, position)
        model = self._pick(self.models, position // 7)
        version = self._pick(self.models[model], position // 49)
        asked = {"0": share, **_spread(list(self.deployed[endpoint]), 100 - share)}
        if len(asked) == 1:
            asked = {"0": 100}
        operation = self.emulator.begin_deploy(endpoint, f"{model}@{version}", asked)
        if kill:
            self.kill()
        operation = self.emulator.wait(operation)
        assert "error" not in operation, operation
        new = operation["response"]["deployedModel"]["id"]
        assert new not in self.deployed[endpoint]
        self.deployed[endpoint][new] = (model, version)
        self.splits[endpoint] = {new if name == "0" else name: part for name, part in asked.items()}

    @precondition(lambda self: any(self.deployed.values()))
    @rule(position=POSITION, share=st.integers(0, 100))
    def move_traffic(self, position: int, share: int) -> None:
        endpoint = self._pick({name: ids for name, ids in self.deployed.items() if ids}, position)
        first, *others = self.deployed[endpoint]
        split = {first: share, **_spread(others, 100 - share)} if others else {first: 100}
        path = f"/v1/{endpoint}?updateMask=trafficSplit"
        answer = self.emulator.call("PATCH", path, {"trafficSplit": split})
        assert answer.status_code == 200, answer.text
        self.splits[endpoint] = split

    @precondition(lambda self: any(self.deployed.values()))
    @rule(position=POSITION)
    def undeploy(self, position: int) -> None:
        endpoint = self._pick({name: ids for name, ids in self.deployed.items() if ids}, position)
        gone = self._pick(self.deployed[endpoint], position // 7)
        allowed = len(self.deployed[endpoint]) == 1 or not self.splits[endpoint].get(gone)
        answer = self.emulator.call("POST", f"/v1/{endpoint}:undeployModel", {"deployedModelId": gone})
        assert answer.status_code == (200 if allowed else 400), answer.text
        if allowed:
            self.emulator.wait(answer.json())
            del self.deployed[endpoint][gone]
            self.splits[endpoint].pop(gone, None)
            if not self.deployed[endpoint]:
                self.splits[endpoint] = {}

    @precondition(lambda self: self.deployed)
    @rule(position=POSITION)
    def delete_endpoint(self, position: int) -> None:
        endpoint = self._pick(self.deployed, position)
        allowed = not self.deployed[endpoint]
        answer = self.emulator.call("DELETE", f"/v1/{endpoint}")
        assert answer.status_code == (200 if allowed else 400), answer.text
        if allowed:
            del self.deployed[endpoint], self.splits[endpoint]

    @precondition(lambda self: any(self.splits.values()))
    @rule(position=POSITION)
    def predict(self, position: int) -> None:
        endpoint = self._pick({name: split for name, split in self.splits.items() if split}, position)
        answer = self.emulator.predict(endpoint)
        chosen = answer["deployedModelId"]
        assert self.splits[endpoint][chosen] > 0
        assert (answer["model"], answer["modelVersionId"]) == self.deployed[endpoint][chosen]

    @precondition(lambda self: self.models or self.deployed)
    @rule()
    def kill(self) -> None:
        self.emulator.kill()
        self.emulator.start()

    @invariant()
    def every_answered_write_is_there(self) -> None:
        listed = self.emulator.get(f"{LOCATION}/models?pageSize=1000").get("models", [])
        assert {model["name"] for model in listed} == set(self.models)
        for model, versions in self.models.items():
            found = self.emulator.get(f"{model}:listVersions")["models"]
            assert {version["versionId"]: version.get("versionAliases", []) for version in found} == versions
            aliases = [alias for held in versions.values() for alias in held]
            assert aliases.count("default") == 1
            assert len(aliases) == len(set(aliases))

    @invariant()
    def every_endpoint_is_whole(self) -> None:
        listed = self.emulator.get(f"{LOCATION}/endpoints?pageSize=1000").get("endpoints", [])
        assert {endpoint["name"] for endpoint in listed} == set(self.deployed)
        for endpoint in listed:
            deployed = {model["id"]: model for model in endpoint.get("deployedModels", [])}
            assert set(deployed) == set(self.deployed[endpoint["name"]])
            split = endpoint.get("trafficSplit", {})
            assert split == self.splits[endpoint["name"]]
            assert sum(split.values()) == 100 or not deployed

    def _give(self, model: str, version: str, aliases: list[str]) -> None:
        versions = self.models[model]
        for held in versions.values():
            held[:] = [alias for alias in held if alias not in aliases or held is versions.get(version)]
        held = versions.setdefault(version, [])
        held += [alias for alias in aliases if alias not in held]

    def _is_deployed(self, model: str, version: str) -> bool:
        return any((model, version) in models.values() for models in self.deployed.values())

    @staticmethod
    def _pick(choices: Any, position: int) -> str:
        names = list(choices)
        return str(names[position % len(names)])


def _spread(names: list[str], whole: int) -> dict[str, int]:
    """Divides `whole` among the names."""
    return {name: whole // len(names) + (whole % len(names) if number == 0 else 0) for number, name in enumerate(names)}


@pytest.mark.run
def test_random_sequences_keep_every_promise() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    folder = Path(tempfile.mkdtemp())
    Registry.emulator = VertexEmulator(folder / "vertex")
    try:
        run_state_machine_as_test(
            Registry,
            settings=settings(
                max_examples=4,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
                derandomize=True,
            ),
        )
    finally:
        Registry.emulator.close()
        shutil.rmtree(folder)
