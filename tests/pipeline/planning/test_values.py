from __future__ import annotations

from typing import Any

from pipeline.planning.values import Unknown, Values, given_to

PLACE = "{{{{$.inputs.parameters['pipelinechannel--{name}']}}}}"


def given(constant: Any, **known: Any) -> Any:
    """What a task gets for a constant of its pipeline, in which channels of some values stand."""
    channels = {f"pipelinechannel--{name}": {"componentInputParameter": name} for name in known}
    task = {"inputs": {"parameters": {"told": {"runtimeValue": {"constant": constant}}, **channels}}}
    return given_to(task, {}, Values(known), {}, {"{{$.account}}": "me"}).parameters["told"]


def test_texts_of_a_constant_are_filled_in_at_any_depth() -> None:
    constant = {"all": [PLACE.format(name="x"), f"--y={PLACE.format(name='y')}", 1.0], "input": "{{$.json_escape[1]}}"}
    told = given(constant, x=20.0, y=True)
    assert told == {"all": ["20", "--y=true", 1.0], "input": "{{$.json_escape[1]}}"}
    assert given("{{$.account}}") == "me"


def test_what_holds_an_unknown_value_is_unknown() -> None:
    unknown = Unknown("some-task")
    assert given({"all": ["a", PLACE.format(name="x")]}, x=unknown) == unknown
