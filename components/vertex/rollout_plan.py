"""How a new version comes to take the traffic: a pure function from what is deployed and what is asked to steps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# In a traffic split, the deployment that the plan's own Deploy step makes.
NEW = "new"
# Where a version may be asked its smoke test: where the rollout is carried out, or on an endpoint that nobody calls.
TASK, ENDPOINT = "task", "endpoint"
# What the name of that endpoint ends with.
SMOKE_SUFFIX = "-smoke"


@dataclass(frozen=True)
class Deployment:
    """A model version on the endpoint.

    Attributes:
        id: The DeployedModel's id.
        version: The registry version that it serves.
        traffic: Its share, 0 to 100 percent.
    """

    id: str
    version: str
    traffic: int


@dataclass(frozen=True)
class Deploy:
    """Put a version on the endpoint, without traffic but for the first one, which takes all."""

    version: str


@dataclass(frozen=True)
class Shift:
    """Move the traffic, then watch it.

    Attributes:
        split: Percent by deployment id (`NEW` for the one just deployed), 100 in all.
    """

    split: Mapping[str, int]


@dataclass(frozen=True)
class Promote:
    """Make a version the champion."""

    version: str


@dataclass(frozen=True)
class Undeploy:
    """Take a deployment without traffic off the endpoint."""

    id: str


Step = Deploy | Shift | Promote | Undeploy


@dataclass(frozen=True)
class Rollout:
    """The whole of a rollout.

    Attributes:
        steps: In order.
        fallback: The traffic to go back to when a check fails; empty where nothing good was deployed before.
    """

    steps: tuple[Step, ...]
    fallback: Mapping[str, int]


def parse_percentages(text: str) -> tuple[int, ...]:
    """The traffic of a new version, step by step.

    Args:
        text: Rising percentages that end with 100, such as `100` or `10,50,100`.

    Raises:
        ValueError: They are not that.
    """
    percentages = tuple(int(part) for part in text.split(",") if re.fullmatch(r"\s*[0-9]{1,3}\s*", part))
    rising = all(low < high for low, high in zip((0, *percentages), percentages, strict=False))
    if len(percentages) != len(text.split(",")) or not rising or percentages[-1:] != (100,):
        raise ValueError(
            f'`rollout` must hold rising percentages that end with 100, such as 100 or 10,50,100. Received: "{text}".'
        )
    return percentages


def plan_rollout(
    deployed: Sequence[Deployment], version: str, percentages: Sequence[int], champion: str | None
) -> Rollout:
    """Plans how `version` comes to take all the traffic.

    A half-finished earlier rollout needs no word of its own: whatever is deployed is where the plan begins. The stable
    side is the champion's deployment if there is one, else the one with most traffic; all other old versions lose
    theirs with the first shift. Where the version asked for is the champion itself, the stable side is the one that
    waits without traffic: another with traffic began a rollout that did not end.

    Args:
        deployed: What is on the endpoint.
        version: The version asked for.
        percentages: Its traffic, step by step, as `parse_percentages` returns them.
        champion: The version with the alias, if any.
    """
    new = _strongest([one for one in deployed if one.version == version])
    others = [one for one in deployed if one.version != version]
    stable = _waiting(others) if version == champion else _stable(others, champion)
    fallback = {stable.id: 100} if stable else {}
    new_id = new.id if new else NEW
    reached = new.traffic if new else 0
    steps: list[Step] = [] if new else [Deploy(version)]
    for percent in percentages if stable else (100,):
        # At 100 without the alias it was cut off, perhaps before the traffic was watched.
        if percent > reached or (percent == 100 and version != champion):
            rest = {stable.id: 100 - percent} if stable and percent < 100 else {}
            steps.append(Shift({new_id: percent, **rest}))
    steps.append(Promote(version))
    kept = {new_id, stable.id if stable else new_id}
    steps += [Undeploy(one.id) for one in deployed if one.id not in kept]
    return Rollout(tuple(steps), fallback)


def plan_retreat(deployed: Sequence[Deployment], fallback: Mapping[str, int], failed: str) -> tuple[Step, ...]:
    """Plans the way back from a check that failed.

    Args:
        deployed: What is on the endpoint now.
        fallback: The traffic to go back to.
        failed: The version that failed; every deployment of it is taken off, the one with traffic last.
    """
    gone = sorted((one for one in deployed if one.version == failed), key=lambda one: one.traffic)
    back: tuple[Step, ...] = (Shift(fallback),) if fallback else ()
    return (*back, *(Undeploy(one.id) for one in gone))


def plan_way_back(deployed: Sequence[Deployment], champion: str | None) -> tuple[Deployment, Deployment] | None:
    """Chooses what loses the traffic and what gains it when what is deployed is to be taken back, or None.

    Args:
        deployed: What is on the endpoint.
        champion: The version with the alias, if any.
    """
    crowned = _strongest([one for one in deployed if one.version == champion])
    rivals = [one for one in deployed if one.version != champion]
    rival = _strongest(rivals)
    if crowned and rival and rival.traffic:
        return rival, crowned
    current = crowned or rival
    others = [one for one in deployed if current and one.version != current.version]
    if current is None or not others:
        return None
    older = [one for one in others if int(one.version) < int(current.version)]
    earlier = max(older, key=_number) if older else min(others, key=_number)
    return current, earlier


def _number(deployment: Deployment) -> int:
    return int(deployment.version)


def _strongest(deployed: Sequence[Deployment]) -> Deployment | None:
    return max(deployed, key=lambda one: one.traffic, default=None)


def _stable(others: Sequence[Deployment], champion: str | None) -> Deployment | None:
    return _strongest([one for one in others if one.version == champion]) or _strongest(others)


def _waiting(others: Sequence[Deployment]) -> Deployment | None:
    return min(others, key=lambda one: one.traffic, default=None)
