"""Rollouts of a tiny model, on a real emulator through the SDK's clients."""

from __future__ import annotations

import logging
import subprocess
import sys
from contextlib import nullcontext

import pytest

from components.vertex import endpoints, registry
from components.vertex.answers import Watch, load_smoke
from components.vertex.endpoints import Machines
from components.vertex.errors import RegistryError, RolloutError
from components.vertex.labels import MANAGED_BY
from components.vertex.rollout import find_way_back, roll_out
from components.vertex.rollout_plan import TASK
from tests.components.vertex.classifier_server import SLOW_S
from tests.components.vertex.registered import (
    ENDPOINT,
    MODEL,
    answered_share,
    champion,
    here,
    register,
    rolled_back,
    rolled_out,
    traffic,
)
from tests.emulator.vertex_emulator import ROOT, VertexEmulator
from trainer.errors import UsageError

pytestmark = [
    pytest.mark.run,
    pytest.mark.usefixtures("vertex"),
]


def moves(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the rollouts told of the traffic, the percentages alone."""
    told = [record.getMessage() for record in caplog.records if record.name == "components.vertex.rollout"]
    return [" ".join(part.split()[0] for part in line.split(": ")[1].split(", ")) for line in told if "%" in line]


def test_roll_out_replaces_a_version_and_keeps_it_beside() -> None:
    rolled_out(register(0.9))
    assert (traffic(), champion(), answered_share()) == ({"1": 100}, "1", 0.9)
    rolled_out(register(0.8))
    assert (traffic(), champion(), answered_share()) == ({"1": 0, "2": 100}, "2", 0.8)
    rolled_out(register(0.7))
    assert (traffic(), champion(), answered_share()) == ({"2": 0, "3": 100}, "3", 0.7)
    assert traffic(f"{ENDPOINT}-smoke") == {}


def test_roll_out_moves_the_traffic_step_by_step(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "components.vertex")
    rolled_out(register(0.9), 10, 50, 100)
    assert moves(caplog) == ["100"]
    caplog.clear()
    rolled_out(register(0.8), 10, 50, 100)
    assert moves(caplog) == ["10 90", "50 50", "100"]
    assert (traffic(), champion()) == ({"1": 0, "2": 100}, "2")


def test_roll_out_again_changes_nothing() -> None:
    version = register(0.9)
    rolled_out(version)
    before = endpoints.deployments_of(rolled_out(version))
    assert endpoints.deployments_of(rolled_out(version)) == before
    assert (traffic(), champion()) == ({"1": 100}, "1")


def test_roll_out_by_way_of_another_endpoint_leaves_nothing_there(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "components.vertex")
    rolled_out(register(0.9))
    assert "trying version 1 on this machine" in caplog.messages
    assert endpoints.find_endpoint(here(), f"{ENDPOINT}-smoke") is None
    rolled_out(register(0.8), smoke_at="endpoint")
    assert "trying version 2 on an endpoint that nobody calls" in caplog.messages
    assert endpoints.find_endpoint(here(), f"{ENDPOINT}-smoke") is not None
    assert (traffic(f"{ENDPOINT}-smoke"), traffic(), champion()) == ({}, {"1": 0, "2": 100}, "2")


def test_roll_out_tells_where_a_version_has_answered_its_smoke_test() -> None:
    version = register(0.9)
    told = [
        roll_out(here(), ENDPOINT, version.model, (100,), version.smoke, TASK, Machines(), Watch()).smoke
        for _ in range(2)
    ]
    assert told == ["task", ""]


def test_roll_out_knows_two_places_for_the_smoke_test() -> None:
    with pytest.raises(UsageError, match=r'`smoke` must be "task" or "endpoint"\. Received: "laptop"\.'):
        rolled_out(register(0.9), smoke_at="laptop")


@pytest.mark.parametrize("smoke_at", ["task", "endpoint"])
@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("lie", r"Version 2 does not serve what was evaluated: to smoke instance 1 it answers .* It takes no traffic"),
        ("babble", "to smoke instance 1 it answers a where the evaluation saw the probabilities"),
        ("fail", r"Version 2 does not answer its smoke test: .*the weights are gone.* It takes no traffic"),
        ("start", r"Version 2 cannot be (?:deployed|served here): [^\0]*the weights are missing"),
    ],
)
def test_roll_out_lets_no_version_near_the_endpoint_that_fails_its_smoke_test(
    fault: str, sentence: str, smoke_at: str
) -> None:
    rolled_out(register(0.9))
    with pytest.raises(RolloutError, match=sentence):
        rolled_out(register(0.8, "--fault", fault), smoke_at=smoke_at)
    assert (traffic(), champion(), answered_share()) == ({"1": 100}, "1", 0.9)
    assert traffic(f"{ENDPOINT}-smoke") == {}


def test_roll_out_of_a_first_version_that_fails_leaves_nothing() -> None:
    with pytest.raises(RolloutError, match="does not serve what was evaluated"):
        rolled_out(register(0.9, "--fault", "lie"))
    with pytest.raises(RolloutError, match="A prediction failed after the traffic moved"):
        rolled_out(register(0.8, "--fault", "fail", "--good", "2"))
    assert (traffic(), traffic(f"{ENDPOINT}-smoke"), champion()) == ({}, {}, None)


@pytest.mark.parametrize(
    ("fault", "percentages", "sentence"),
    [
        (
            "fail",
            (50, 100),
            r"A prediction failed after the traffic moved: .*the weights are gone.* The traffic goes back",
        ),
        ("slow", (100,), r"95 of 100 predictions take up to \d+ ms; at most 100 ms are allowed. The traffic goes back"),
        ("lie", (100,), r"Version 2 does not serve what was evaluated"),
        ("babble", (50, 100), "Version 2 does not serve what was evaluated"),
    ],
)
def test_roll_out_goes_back_when_a_version_fails_after_the_traffic_moves(
    fault: str, percentages: tuple[int, ...], sentence: str
) -> None:
    # A limit that a busy machine may break holds for the slow version alone.
    watch = Watch(requests=12, max_latency_ms=SLOW_S * 1000 / 2 if fault == "slow" else 60_000)
    rolled_out(register(0.9), watch=Watch(requests=12, max_latency_ms=60_000))
    with pytest.raises(RolloutError, match=sentence):
        rolled_out(register(0.8, "--fault", fault, "--good", "1"), *percentages, watch=watch)
    assert (traffic(), champion(), answered_share()) == ({"1": 100}, "1", 0.9)


def test_roll_out_that_failed_can_be_followed_by_a_better_version() -> None:
    rolled_out(register(0.9))
    with pytest.raises(RolloutError):
        rolled_out(register(0.8, "--fault", "lie"))
    rolled_out(register(0.7))
    assert (traffic(), champion()) == ({"1": 0, "3": 100}, "3")


@pytest.mark.parametrize("last_words", ["deploying version 2", "traffic: 50 %"])
def test_roll_out_cut_off_is_finished_by_the_next(last_words: str) -> None:
    rolled_out(register(0.9))
    command = [sys.executable, "-m", "tests.components.vertex.rolling_out", "0.8"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert any(last_words in line for line in process.stdout)
        process.kill()
    left = traffic()
    assert sum(left.values()) == 100
    assert champion() in left
    rolled_out(register(0.8), 10, 50, 100)
    assert (traffic(), champion(), answered_share()) == ({"1": 0, "2": 100}, "2", 0.8)
    assert traffic(f"{ENDPOINT}-smoke") == {}


@pytest.mark.parametrize("fault", [[], ["--fault", "lie"], ["--fault", "fail", "--good", "1"]])
def test_roll_out_leaves_nothing_under_way(vertex: VertexEmulator, fault: list[str]) -> None:
    version = register(0.9, *fault)
    vertex.call("POST", "/_emulator/operation_delay", {"seconds": 0.5})
    with pytest.raises(RolloutError) if fault else nullcontext():
        rolled_out(version, smoke_at="endpoint")
    for name in (ENDPOINT, f"{ENDPOINT}-smoke"):
        endpoint = endpoints.find_endpoint(here(), name)
        assert endpoint is not None
        operations = vertex.get(f"{endpoint.name}/operations")["operations"]
        assert [one["name"] for one in operations if not one.get("done")] == []


@pytest.mark.parametrize("status", ["UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED"])
def test_roll_out_outlives_a_fault_of_a_look_at_an_operation(vertex: VertexEmulator, status: str) -> None:
    version = register(0.9)
    vertex.call("POST", "/_emulator/faults", {"rpc": "GetOperation", "status": status, "times": 1})
    rolled_out(version)
    assert (traffic(), champion()) == ({"1": 100}, "1")


def test_roll_out_deploys_on_the_machines_that_were_asked_for() -> None:
    [deployed] = rolled_out(register(0.9)).deployed_models
    resources = deployed.dedicated_resources
    assert (deployed.display_name, deployed.model_version_id) == ("tiny-1", "1")
    assert resources.machine_spec.machine_type == "n1-standard-2"
    assert (resources.min_replica_count, resources.max_replica_count) == (1, 1)


def test_roll_out_refuses_two_endpoints_of_one_name(vertex: VertexEmulator) -> None:
    for _ in range(2):
        vertex.post(
            "projects/local-project/locations/us-central1/endpoints", {"displayName": ENDPOINT, "labels": MANAGED_BY}
        )
    with pytest.raises(RegistryError, match=r'There are 2 endpoints named "tiny": .*, .*\. Delete or rename all but'):
        rolled_out(register(0.9))


def test_load_smoke_names_what_it_cannot_read() -> None:
    with pytest.raises(RolloutError, match=r"Version 1 has no readable smoke test at gs://local-bucket/tiny/assets.*"):
        load_smoke(register(0.9).model)


def test_roll_back_returns_the_earlier_versions_answers() -> None:
    rolled_out(register(0.9))
    rolled_out(register(0.8))
    assert rolled_back() == ("2", "1")
    assert (traffic(), champion(), answered_share()) == ({"1": 100, "2": 0}, "1", 0.9)
    assert find_way_back(here(), ENDPOINT, MODEL).is_forward
    assert rolled_back() == ("1", "2")
    assert not find_way_back(here(), ENDPOINT, MODEL).is_forward
    assert (traffic(), champion(), answered_share()) == ({"1": 0, "2": 100}, "2", 0.8)


def test_roll_back_cut_off_ends_where_it_was_going(vertex: VertexEmulator) -> None:
    rolled_out(register(0.9))
    rolled_out(register(0.8))
    vertex.call("POST", "/_emulator/faults", {"rpc": "UpdateEndpoint", "status": "INTERNAL", "times": 1})
    with pytest.raises(Exception, match="asked to answer INTERNAL"):
        rolled_back()
    assert rolled_back() == ("2", "1")
    assert (traffic(), champion()) == ({"1": 100, "2": 0}, "1")


def test_roll_back_needs_something_deployed() -> None:
    with pytest.raises(RolloutError, match=r'Nothing is deployed on "tiny"\. Run the pipeline'):
        rolled_back()


def test_roll_back_needs_the_model() -> None:
    rolled_out(register(0.9))
    with pytest.raises(RolloutError, match=r'The registry holds no model named "other"\. Give another --model-name\.'):
        rolled_back("other")


def test_roll_back_needs_an_earlier_version() -> None:
    rolled_out(register(0.9))
    with pytest.raises(RolloutError, match='Only version 1 is deployed on "tiny": there is none to go back to'):
        rolled_back()
    assert (traffic(), champion()) == ({"1": 100}, "1")


def test_undeploy_all_takes_everything_off() -> None:
    rolled_out(register(0.9))
    endpoints.undeploy_all(here(), rolled_out(register(0.8)))
    assert traffic() == {}
    rolled_out(register(0.9))
    assert (traffic(), champion()) == ({"1": 100}, "1")
    assert len(registry.versions_of(here(), register(0.9).model)) == 2


def test_undeploy_all_takes_off_what_shares_the_traffic() -> None:
    rolled_out(register(0.9))
    endpoint = rolled_out(register(0.8))
    endpoints.shift(here(), endpoint, {one.id: 50 for one in endpoints.deployments_of(endpoint)})
    endpoints.undeploy_all(here(), endpoint)
    assert traffic() == {}


def test_deploy_joins_what_has_no_traffic_without_any(vertex: VertexEmulator) -> None:
    endpoint = rolled_out(register(0.9))
    vertex.call("PATCH", f"/v1/{endpoint.name}?updateMask=trafficSplit", {"trafficSplit": {}})
    assert traffic() == {"1": 0}
    endpoints.deploy(here(), endpoint, register(0.8).model, Machines())
    assert traffic() == {"1": 0, "2": 0}


def test_deploy_knows_its_own_from_what_another_deploys_meanwhile(vertex: VertexEmulator) -> None:
    endpoint = rolled_out(register(0.9))
    theirs, ours = register(0.8), register(0.7)
    meanwhile = vertex.post(
        f"{endpoint.name}:deployModel",
        {
            "deployedModel": {
                "model": registry.full_name(theirs.model),
                "dedicatedResources": {"machineSpec": {"machineType": "n1-standard-2"}, "minReplicaCount": 1},
            }
        },
    )
    made = endpoints.deploy(here(), endpoint, ours.model, Machines())
    vertex.wait(meanwhile)
    deployed = endpoints.deployments_now(here(), endpoint)
    assert [one.version for one in deployed if one.id == made] == [ours.number]
    assert theirs.number in {one.version for one in deployed}
