from __future__ import annotations

import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from emulator import keeper
from emulator.warm.request import Request, UnsuitedError, receive

ENVIRONMENT = {"PATH": str(Path(sys.executable).parent), "HOME": "/home/me"}
LIMITS = [list(pair) for pair in keeper.limits()]


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    words = ["python3", "-m", "json.tool"]
    return Request(words, ENVIRONMENT, str(tmp_path), 0o22, 1.0, "", LIMITS, (1, 2))


def test_what_a_contract_sets_is_no_reason_for_a_fresh_process(request_: Request) -> None:
    variables = {
        keeper.KEEPER: "env",
        "AIP_HTTP_PORT": "1",
        "TF_CONFIG": "{}",
        "CLUSTER_SPEC": "{}",
        "TMPDIR": "/t",
        "CLOUD_ML_JOB_ID": "1",
    }
    suited = replace(request_, environment={**ENVIRONMENT, **variables})
    assert suited.program(ENVIRONMENT, ["numpy"]).module == "json.tool"


@pytest.mark.parametrize("variables", [{"TF_ENABLE_ONEDNN_OPTS": "0"}, {"ANYTHING": ""}, {"HOME": "/elsewhere"}])
def test_variable_of_its_own_asks_for_a_fresh_process(request_: Request, variables: dict[str, str]) -> None:
    [name] = variables
    with pytest.raises(UnsuitedError, match=f"other values of {name}"):
        replace(request_, environment={**ENVIRONMENT, **variables}).program(ENVIRONMENT, [])


def test_what_a_library_has_added_is_no_variable_of_its_own(request_: Request) -> None:
    asked_by_a_fork = replace(request_, environment={**ENVIRONMENT, "TF2_BEHAVIOR": "1"})
    assert asked_by_a_fork.program(ENVIRONMENT, [], {"TF2_BEHAVIOR": "1"}).module == "json.tool"
    with pytest.raises(UnsuitedError, match="other values of TF2_BEHAVIOR"):
        asked_by_a_fork.program(ENVIRONMENT, [], {"TF2_BEHAVIOR": "0"})


def test_variable_that_it_lacks_asks_for_a_fresh_process(request_: Request) -> None:
    with pytest.raises(UnsuitedError, match="other values of KERAS_BACKEND"):
        request_.program({**ENVIRONMENT, "KERAS_BACKEND": "jax"}, [])


def test_other_limits_ask_for_a_fresh_process(request_: Request) -> None:
    limits = [list(pair) for pair in LIMITS]
    limits[0][0] = 17
    with pytest.raises(UnsuitedError, match="other limits"):
        replace(request_, limits=limits).program(ENVIRONMENT, [])


@pytest.mark.parametrize("hiding", ["numpy.py", "numpy/__init__.py"])
def test_module_that_hides_a_library_asks_for_a_fresh_process(request_: Request, hiding: str) -> None:
    path = Path(request_.folder, hiding)
    path.parent.mkdir(exist_ok=True)
    path.touch()
    with pytest.raises(UnsuitedError, match="modules of its own for numpy"):
        request_.program(ENVIRONMENT, ["numpy", "keras"])


def test_folder_that_holds_no_module_hides_none(request_: Request) -> None:
    Path(request_.folder, "numpy").mkdir()
    Path(request_.folder, "keras.txt").touch()
    assert request_.program(ENVIRONMENT, ["numpy", "keras"])


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"\0\0\0\0\0\0\0\x02[]", b"\0\0\0\0\0\0\0\x09{}"])
def test_what_is_no_request_is_told(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            socket.send_fds(theirs, [sent], [1, 2]) if sent else None
        with pytest.raises(OSError, match="no request"):
            receive(ours)
