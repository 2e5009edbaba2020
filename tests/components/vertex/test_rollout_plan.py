"""The plan of a rollout, for every state that an endpoint can be in."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.vertex.rollout_plan import (
    NEW,
    Deploy,
    Deployment,
    Promote,
    Rollout,
    Shift,
    Step,
    Undeploy,
    parse_percentages,
    plan_retreat,
    plan_rollout,
    plan_way_back,
)


def deployed(**shares: str) -> list[Deployment]:
    """Deployments from `id="version:traffic"`."""
    return [Deployment(name, *_halves(share)) for name, share in shares.items()]


def _halves(share: str) -> tuple[str, int]:
    version, _, traffic = share.partition(":")
    return version, int(traffic)


FULL = (100,)
STEPS = (10, 50, 100)

CASES: dict[str, tuple[list[Deployment], str, Sequence[int], str | None, list[Step], dict[str, int]]] = {
    "the first deployment takes all at once": (
        deployed(), "1", STEPS, None,
        [Deploy("1"), Shift({NEW: 100}), Promote("1")], {},
    ),
    "a replacement at once": (
        deployed(a="1:100"), "2", FULL, "1",
        [Deploy("2"), Shift({NEW: 100}), Promote("2")], {"a": 100},
    ),
    "a replacement in steps": (
        deployed(a="1:100"), "2", STEPS, "1",
        [Deploy("2"), Shift({NEW: 10, "a": 90}), Shift({NEW: 50, "a": 50}), Shift({NEW: 100}), Promote("2")],
        {"a": 100},
    ),
    "the third version takes the first off, and keeps the second": (
        deployed(a="1:0", b="2:100"), "3", FULL, "2",
        [Deploy("3"), Shift({NEW: 100}), Promote("3"), Undeploy("a")], {"b": 100},
    ),
    "a retry of what is done": (
        deployed(a="1:0", b="2:100"), "2", STEPS, "2",
        [Promote("2")], {"a": 100},
    ),
    "a retry of what is done but for the alias watches the traffic": (
        deployed(a="1:0", b="2:100"), "2", STEPS, "1",
        [Shift({"b": 100}), Promote("2")], {"a": 100},
    ),
    "a retry of what had come to 10": (
        deployed(a="1:90", b="2:10"), "2", STEPS, "1",
        [Shift({"b": 50, "a": 50}), Shift({"b": 100}), Promote("2")], {"a": 100},
    ),
    "a retry of what was deployed and no more": (
        deployed(a="1:100", b="2:0"), "2", FULL, "1",
        [Shift({"b": 100}), Promote("2")], {"a": 100},
    ),
    "another version after one that had come to 10": (
        deployed(a="1:90", b="2:10"), "3", STEPS, "1",
        [Deploy("3"), Shift({NEW: 10, "a": 90}), Shift({NEW: 50, "a": 50}), Shift({NEW: 100}), Promote("3"),
         Undeploy("b")], {"a": 100},
    ),
    "a version deployed twice": (
        deployed(a="1:90", b="2:0", c="2:10"), "2", FULL, "1",
        [Shift({"c": 100}), Promote("2"), Undeploy("b")], {"a": 100},
    ),
    "a version deployed twice, and alone": (
        deployed(a="2:50", b="2:50"), "2", STEPS, None,
        [Shift({"a": 100}), Promote("2"), Undeploy("b")], {},
    ),
    "no champion: the one with most traffic is the stable one": (
        deployed(a="1:30", b="2:70"), "3", FULL, None,
        [Deploy("3"), Shift({NEW: 100}), Promote("3"), Undeploy("a")], {"b": 100},
    ),
    "a champion that is not deployed": (
        deployed(a="1:100"), "3", FULL, "2",
        [Deploy("3"), Shift({NEW: 100}), Promote("3")], {"a": 100},
    ),
    "the champion again, over a rollout that did not end: the last good version stays": (
        deployed(a="1:0", b="2:90", c="3:10"), "2", FULL, "2",
        [Shift({"b": 100}), Promote("2"), Undeploy("c")], {"a": 100},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_plan_begins_where_the_endpoint_is(case: str) -> None:
    before, version, percentages, champion, steps, fallback = CASES[case]
    assert plan_rollout(before, version, percentages, champion) == Rollout(tuple(steps), fallback)


VERSIONS = st.sampled_from(["1", "2", "3", "4"])


@st.composite
def endpoints(draw: st.DrawFn) -> list[Deployment]:
    """Anything that Vertex AI lets be: any versions, some of them twice, and traffic that sums to 100."""
    versions = draw(st.lists(VERSIONS, max_size=5))
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=len(versions), max_size=len(versions))))[1:]
    shares = [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
    return [
        Deployment(f"d{place}", version, share)
        for place, (version, share) in enumerate(zip(versions, shares[: len(versions)], strict=True))
    ]


ROLLOUTS = st.sets(st.integers(1, 99), max_size=4).map(lambda below: (*sorted(below), 100))


class Endpoint:
    """An endpoint by Vertex AI's rules, in memory."""

    def __init__(self, deployed: list[Deployment]) -> None:
        self.versions = {one.id: one.version for one in deployed}
        self.traffic = {one.id: one.traffic for one in deployed}
        self.champion: str | None = None

    def apply(self, step: Step) -> None:
        if isinstance(step, Deploy):
            self.traffic[NEW] = 0 if self.versions else 100
            self.versions[NEW] = step.version
        elif isinstance(step, Shift):
            assert set(step.split) <= set(self.versions)
            assert sum(step.split.values()) == 100
            self.traffic = dict.fromkeys(self.versions, 0) | dict(step.split)
        elif isinstance(step, Promote):
            self.champion = step.version
        else:
            assert self.traffic[step.id] == 0 or len(self.versions) == 1, "it has traffic"
            del self.versions[step.id], self.traffic[step.id]

    def share(self, version: str) -> int:
        return sum(share for name, share in self.traffic.items() if self.versions[name] == version)

    def state(self) -> list[Deployment]:
        return [Deployment(name, version, self.traffic[name]) for name, version in self.versions.items()]


@given(before=endpoints(), version=VERSIONS, percentages=ROLLOUTS, champion=st.none() | VERSIONS)
def test_every_plan_ends_with_all_traffic_and_at_most_one_version_beside(
    before: list[Deployment], version: str, percentages: tuple[int, ...], champion: str | None
) -> None:
    plan = plan_rollout(before, version, percentages, champion)
    endpoint = Endpoint(before)
    shares = []
    for step in plan.steps:
        endpoint.apply(step)
        if isinstance(step, Shift):
            shares.append(endpoint.share(version))
        if isinstance(step, Promote):
            assert endpoint.share(version) == 100
    assert shares == sorted(set(shares))
    assert endpoint.champion == version
    assert endpoint.share(version) == 100
    others = [one for one in endpoint.state() if one.traffic == 0]
    assert len(others) <= 1
    assert [one.id for one in others] == list(plan.fallback)
    if champion != version and any(one.version == champion for one in before):
        assert [one.version for one in others] == [champion]


@given(before=endpoints(), version=VERSIONS, percentages=ROLLOUTS, champion=st.none() | VERSIONS, failing=st.data())
def test_every_retreat_gives_the_traffic_back_and_takes_the_version_off(
    before: list[Deployment], version: str, percentages: tuple[int, ...], champion: str | None, failing: st.DataObject
) -> None:
    plan = plan_rollout(before, version, percentages, champion)
    shifts = [place for place, step in enumerate(plan.steps) if isinstance(step, Shift)]
    if not shifts:
        return
    endpoint = Endpoint(before)
    for step in plan.steps[: failing.draw(st.sampled_from(shifts)) + 1]:
        endpoint.apply(step)
    for step in plan_retreat(endpoint.state(), plan.fallback, version):
        endpoint.apply(step)
    assert endpoint.champion is None
    assert version not in endpoint.versions.values()
    assert {name: share for name, share in endpoint.traffic.items() if share} == plan.fallback
    assert bool(plan.fallback) == any(one.version != version for one in before)


@given(
    before=endpoints(), version=VERSIONS, percentages=ROLLOUTS, champion=st.none() | VERSIONS, cut=st.integers(0, 20)
)
def test_a_plan_cut_off_anywhere_is_finished_by_the_next(
    before: list[Deployment], version: str, percentages: tuple[int, ...], champion: str | None, cut: int
) -> None:
    endpoint = Endpoint(before)
    endpoint.champion = champion
    for step in plan_rollout(before, version, percentages, champion).steps[:cut]:
        endpoint.apply(step)
    again = plan_rollout(endpoint.state(), version, percentages, endpoint.champion)
    if NEW in endpoint.versions:
        assert Deploy(version) not in again.steps
    for step in again.steps:
        endpoint.apply(step)
    assert (endpoint.share(version), endpoint.champion) == (100, version)
    assert len(endpoint.versions) <= 2


def test_plan_retreat_takes_a_first_version_off() -> None:
    assert plan_retreat(deployed(a="1:100"), {}, "1") == (Undeploy("a"),)


def test_plan_retreat_takes_off_what_is_deployed_twice() -> None:
    state = deployed(a="1:0", b="2:100", c="2:0")
    assert plan_retreat(state, {"a": 100}, "2") == (Shift({"a": 100}), Undeploy("c"), Undeploy("b"))


def test_plan_retreat_of_a_version_that_never_came_gives_the_traffic_back() -> None:
    assert plan_retreat(deployed(a="1:100"), {"a": 100}, "2") == (Shift({"a": 100}),)


WAYS_BACK = {
    "to the older one": (deployed(a="1:0", b="2:100"), "2", ("b", "a")),
    "forward again": (deployed(a="1:100", b="2:0"), "1", ("a", "b")),
    "from a rollout that had come to 10": (deployed(a="1:0", b="2:90", c="3:10"), "2", ("c", "b")),
    "from a rollout that lacked the alias": (deployed(b="2:0", c="3:100"), "2", ("c", "b")),
    "never to one that only was deployed": (deployed(c="3:0", a="1:0", b="2:100"), "2", ("b", "a")),
    "without a champion": (deployed(a="1:0", b="2:100"), None, ("b", "a")),
}


@pytest.mark.parametrize("case", WAYS_BACK)
def test_plan_way_back_leads(case: str) -> None:
    state, champion, ids = WAYS_BACK[case]
    way = plan_way_back(state, champion)
    assert way is not None
    assert (way[0].id, way[1].id) == ids


@pytest.mark.parametrize("state", [deployed(), deployed(a="1:100"), deployed(a="1:0", b="1:100")])
def test_plan_way_back_needs_another_version(state: list[Deployment]) -> None:
    assert plan_way_back(state, "1") is None


@pytest.mark.parametrize(
    ("text", "percentages"), [("100", (100,)), ("10,50,100", (10, 50, 100)), (" 1, 100", (1, 100))]
)
def test_parse_percentages_reads_rising_steps(text: str, percentages: tuple[int, ...]) -> None:
    assert parse_percentages(text) == percentages


@pytest.mark.parametrize(
    "text",
    ["50", "100,50", "a", "", "10,10,100", "-1,100", "101", "0,100", "100,", "10;100", "99.9,100", "100,100"],
)
def test_parse_percentages_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="rising percentages that end with 100") as refusal:
        parse_percentages(text)
    assert str(refusal.value).endswith(f'Received: "{text}".')
