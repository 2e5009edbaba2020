"""The traffic split of an endpoint: its rules, and the choice of a deployed model for a request."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import Random

from emulator.api.errors import ApiError, invalid

NEW_MODEL = "0"
WHOLE = 100


def require_split(split: Mapping[str, int], known: Collection[str], field: str = "traffic_split") -> None:
    """Checks a traffic split that a request gives.

    Args:
        split: Percentages by deployed model id. An empty split is none.
        known: The ids that it may name.
        field: What messages call it.

    Raises:
        ApiError: INVALID_ARGUMENT, where a share is outside 0 to 100, they do not add up to 100, or an id is
            unknown.
    """
    if not split:
        return
    unknown = sorted(set(split) - set(known))
    if unknown:
        raise invalid(field, f"The following DeployedModel ID(s) [{', '.join(unknown)}] do not exist.")
    wrong = {name: share for name, share in split.items() if not 0 <= share <= WHOLE}
    if wrong:
        raise invalid(field, f"percentages must lie between 0 and 100. Received: {wrong}.")
    total = sum(split.values())
    if total != WHOLE:
        raise invalid(field, f"percentages must add up to 100. Received: {total} in all, {dict(split)}.")


def split_after_deploy(
    current: Mapping[str, int], deployed: Collection[str], asked: Mapping[str, int], new_id: str
) -> dict[str, int]:
    """The split once a model is deployed: the one asked for, in which "0" stands for the new model.

    Args:
        current: The endpoint's split, which stays where none is asked for.
        deployed: Ids of the models deployed before.
        asked: The request's split.
        new_id: The new deployed model's id.

    Raises:
        ApiError: INVALID_ARGUMENT, where the split asked for breaks a rule.
    """
    require_split(asked, {*deployed, NEW_MODEL})
    if not asked:
        return dict(current)
    return {new_id if name == NEW_MODEL else name: share for name, share in asked.items()}


def split_after_undeploy(
    current: Mapping[str, int], deployed: Collection[str], asked: Mapping[str, int], gone: str
) -> dict[str, int]:
    """The split once the deployed model `gone` is undeployed.

    Args:
        current: The endpoint's split.
        deployed: Ids of the models deployed until now, `gone` among them.
        asked: The request's split, possibly empty.
        gone: The id of the model to undeploy.

    Raises:
        ApiError: INVALID_ARGUMENT, where the split asked for breaks a rule; FAILED_PRECONDITION, where `gone`
            would still have traffic.
    """
    require_split(asked, deployed)
    if set(deployed) == {gone}:
        return {}
    split = dict(asked or current)
    if split.get(gone, 0):
        raise ApiError(
            "FAILED_PRECONDITION",
            f"The DeployedModel {gone} has {split[gone]} % of the endpoint's traffic and cannot be undeployed. Move "
            "its traffic to the other models first, or give a traffic_split that does.",
        )
    split.pop(gone, None)
    return split


def choose(split: Mapping[str, int], random: Random) -> str | None:
    """The id of the deployed model that answers, drawn by the split's weights; None without traffic."""
    weights = [max(0, share) for share in split.values()]
    if not any(weights):
        return None
    return random.choices(list(split), weights)[0]
