from __future__ import annotations

from pathlib import Path

import pytest

# The SDK's types take seconds to import.
pytestmark = pytest.mark.run


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("--port=$(PORT)", "--port=80"),
        ("$(PORT)$(PORT)", "8080"),
        ("$(ABSENT)", "$(ABSENT)"),
        ("$$(PORT)", "$(PORT)"),
        ("$PORT ${PORT}", "$PORT ${PORT}"),
        ("", ""),
    ],
)
def test_expanded_replaces_variables_as_kubernetes_does(text: str, result: str) -> None:
    from emulator.model_servers.command import expanded

    assert expanded(text, {"PORT": "80"}) == result


def test_environment_lays_the_container_over_the_machine_and_the_contract_over_both() -> None:
    from emulator.model_servers.command import ModelCommand

    command = ModelCommand(
        name="e/1",
        words=("serve", "$(AIP_HTTP_PORT)", "$(B)"),
        container_environment={"A": "own", "B": "$(A)-$(HOME)", "AIP_MODE": "mine"},
        contract={"AIP_MODE": "PREDICTION"},
        health_route="/h",
        predict_route="/p",
        timeout_s=0.0,
    )
    environment = command.environment({"HOME": "home", "A": "machine"}, 81)
    assert environment == {
        "HOME": "home",
        "A": "own",
        "B": "own-home",
        "AIP_MODE": "PREDICTION",
        "AIP_HTTP_PORT": "81",
    }
    assert command.arguments(environment) == ["serve", "81", "own-home"]


def test_search_path_begins_with_the_emulators_interpreter() -> None:
    from emulator.model_servers.command import search_path

    assert search_path("/usr/bin:/bin", Path("/venv/bin/python")) == "/venv/bin:/usr/bin:/bin"
    assert search_path("", Path("/venv/bin/python")) == "/venv/bin"


def test_tail_gives_the_last_lines_of_a_log(tmp_path: Path) -> None:
    from emulator.model_servers.command import tail

    log = tmp_path / "log"
    assert tail(log) == ""
    log.write_text("".join(f"line {number}\n" for number in range(10_000)))
    assert tail(log, lines=2) == "line 9998\nline 9999"
