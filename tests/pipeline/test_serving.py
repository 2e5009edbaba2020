"""From the first run to an empty endpoint, by the command line, against the real services and model servers."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator

import pytest

from tests.patience import eventually
from tests.pipeline.checkouts import Checkout, checked_out

pytestmark = [pytest.mark.run, pytest.mark.tensorflow]

FLOWER = {"SepalLength": 5.9, "SepalWidth": 3.0, "PetalLength": 4.2, "PetalWidth": 1.5}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A folder in which a run has registered and deployed version 1, starting the services by itself."""
    with checked_out(tmp_path_factory.mktemp("served")) as checkout:
        code, out, err = checkout.command("run")
        assert (code, err) == (0, "")
        answered = "It answered its smoke test in the deployment task."
        assert f"Registered version 1. Traffic: version 1 100 %. {answered}\n" in out
        assert out.splitlines()[-1].startswith("  answered by version 1, deployment ")
        yield checkout


def succeeded(served: Checkout, *arguments: str, given: str = "") -> str:
    code, out, err = served.command(*arguments, given=given)
    assert (code, err) == (0, "")
    return out


def failed(served: Checkout, *arguments: str, given: str = "") -> tuple[int, str]:
    code, out, err = served.command(*arguments, given=given)
    assert out == ""
    return code, err


def kill_services(served: Checkout) -> None:
    about = json.loads((served.folder / ".local/vertex/emulator.json").read_text())
    os.kill(about["pid"], signal.SIGKILL)


def test_prediction_is_answered_soon_by_the_deployed_version(served: Checkout) -> None:
    began = time.monotonic()
    succeeded(served, "--version")
    between = time.monotonic()
    out = succeeded(served, "predict", "data/test.json")
    # Google's whole SDK alone takes ten times as long to load as the command line.
    assert time.monotonic() - between < 8 * (between - began)
    assert out.splitlines()[0].split() == ["Instance", "Class", "Probability", "setosa", "versicolor", "virginica"]
    assert out.splitlines()[1].split()[:2] == ["1", "versicolor"]
    assert "\nanswered by version 1, deployment " in out


@pytest.mark.parametrize(
    "given",
    [
        json.dumps(FLOWER),
        json.dumps([FLOWER]),
        json.dumps({"instances": [FLOWER]}, indent=2),
        "5.9,3.0,4.2,1.5\r\n",
        "\ufeffPetalWidth,SepalLength,SepalWidth,PetalLength\r\n1.5,5.9,3.0,4.2\r\n",
    ],
)
def test_same_instance_gets_the_same_answer_in_each_form(served: Checkout, given: str) -> None:
    (line,) = succeeded(served, "predict", "-", "--json", given=given).splitlines()
    answer = json.loads(line)
    assert (answer["class"], answer["class_id"]) == ("versicolor", 1)
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_label_of_a_table_with_names_is_not_sent(served: Checkout) -> None:
    table = "Species,SepalLength,SepalWidth,PetalLength,PetalWidth\n0,5.9,3.0,4.2,1.5\n"
    code, out, err = served.command("predict", "-", "--json", given=table)
    assert (code, json.loads(out)["class"]) == (0, "versicolor")
    assert err.splitlines()[0] == "Not sent, as the model does not know them: Species."
    assert err.splitlines()[1].startswith("Against the label's column: 0 of 1 right, accuracy 0.0000, log loss ")


def test_table_with_its_labels_is_scored_and_written_to_a_file(served: Checkout) -> None:
    code, out, _ = served.command("predict", "data/iris_test.csv")
    assert code == 0
    assert out.startswith("30 predictions: ")
    assert "\nAgainst the label's column: 29 of 30 right, accuracy 0.9667, log loss " in out
    assert out.splitlines()[-1] == "Written to .local/predictions/iris_test.csv."
    rows = (served.folder / ".local/predictions/iris_test.csv").read_text().splitlines()
    assert (len(rows), rows[0].split(",")[:4]) == (31, ["instance", "label", "class", "probability"])


def test_file_is_looked_at_before_the_services_are(served: Checkout) -> None:
    code, err = failed(served, "predict", "no.csv", "--endpoint-name", "wine")
    told = "Error: no.csv cannot be read: No such file or directory. Give the path of a file, or -.\n"
    assert (code, err) == (2, told)


def test_large_file_takes_several_requests_and_keeps_its_order(served: Checkout) -> None:
    flowers = [FLOWER, {**FLOWER, "PetalLength": 1.0, "PetalWidth": 0.2}] * 12_000
    (served.folder / "many.json").write_text("\n".join(map(json.dumps, flowers)))
    classes = [json.loads(line)["class"] for line in succeeded(served, "predict", "many.json", "--json").splitlines()]
    assert classes == ["versicolor", "setosa"] * 12_000


def test_instances_that_cannot_be_answered_are_told_by_number(served: Checkout) -> None:
    lines = [json.dumps(FLOWER), json.dumps({**FLOWER, "PetalWidth": "wide"}), json.dumps({"PetalWidth": 1.5})]
    code, err = failed(served, "predict", "-", given="\n".join(lines))
    assert code == 1
    assert err.splitlines()[:3] == [
        "Error: 4 problems:",
        '  - instance 2: column "PetalWidth": received "wide". Send a number.',
        '  - instance 3: column "SepalLength" is missing. Send a value for it.',
    ]


def test_second_run_is_kept_back_with_the_reason(served: Checkout) -> None:
    out = succeeded(served, "run")
    assert "Decision: kept back\n" in out
    assert "of the champion (version 1) on the same rows" in out
    assert "No version was registered; what served before still serves.\n" in out
    assert out.splitlines()[-1].startswith("  answered by version 1, deployment ")


def test_better_version_replaces_the_first_and_can_be_taken_back(served: Checkout) -> None:
    options = ["--rollout", "50,100", "--smoke", "endpoint"]
    out = succeeded(served, "run", "--seed", "2", "--promote-on-tie", "--git-sha", "f00", *options)
    answered = "It answered its smoke test on an endpoint of its own."
    assert f"Registered version 2. Traffic: version 2 100 %, version 1 0 %. {answered}\n" in out
    assert table(succeeded(served, "models"))[1:] == [
        ["2", "champion", "0.9667", "iris-dnn", "100", "%"],
        ["1", "0.9667", "iris-dnn", "0", "%"],
    ]
    assert "git=f00" in succeeded(served, "models").splitlines()[1]

    assert succeeded(served, "rollback") == (
        "Back from version 2 to version 1: version 1 has all traffic of iris-dnn again, and is the champion; "
        "version 2 rests.\n"
    )
    assert "answered by version 1, " in succeeded(served, "predict", "data/test.json")
    rows = [line.split() for line in succeeded(served, "endpoints").splitlines()]
    assert [row[:5] for row in rows[1:]] == [
        ["iris-dnn", "version", "1", "100", "%"],
        ["iris-dnn", "version", "2", "0", "%"],
        ["iris-dnn-smoke", "nothing"],
    ]

    code, err = failed_after_question(served, "rollback")
    assert code == 2
    assert "`--yes` does it unasked" in err
    code, out, err = served.command("rollback", given="n\n")
    assert (code, err) == (1, "Error: Nothing was changed.\n")
    assert "this would go forward, from version 1 to version 2, which is newer. Go on? [y/N]: " in out

    code, out, err = served.command("promote", "2")
    assert (code, out) == (0, "Version 2 has all traffic of iris-dnn, and is the champion.\n")
    assert err.startswith("trying version 2 on this machine\n")
    assert "answered by version 2, " in succeeded(served, "predict", "data/test.json")


def failed_after_question(served: Checkout, *arguments: str) -> tuple[int, str]:
    code, out, err = served.command(*arguments)
    assert out.endswith("[y/N]: \n")
    return code, err


def test_version_that_rests_can_be_undeployed_and_one_with_traffic_cannot(served: Checkout) -> None:
    code, err = failed(served, "undeploy", "champion", "--yes")
    assert (code, err.split(". ")[0]) == (2, "Error: Version 2 has 100 % of the traffic of iris-dnn")
    assert failed(served, "undeploy", "7")[1].startswith("Error: Version 7 is not deployed on iris-dnn.")
    code, out, err = served.command("undeploy", "1", given="y\n")
    assert (code, err) == (0, "")
    asked = "Take version 1 (0 % of the traffic) off the endpoint iris-dnn? `rollback` does not lead back to it then."
    assert out == f"{asked} Go on? [y/N]: Taken off: version 1.\n"
    assert "answered by version 2, " in succeeded(served, "predict", "data/test.json")


def table(out: str) -> list[list[str]]:
    """The rows of `models` without the time and the labels."""
    rows = [line.split() for line in out.splitlines()]
    return [[word for word in row if not re.search("[=:]|....-..-..", word)] for row in rows]


def test_unknown_version_is_refused_with_those_there_are(served: Checkout) -> None:
    for version in ("77", "../1"):
        code, err = failed(served, "promote", version)
        assert code == 2
        assert err.startswith(f'Error: "iris-dnn" has no version "{version}". Its versions are ')


def test_model_that_is_not_there_is_told(served: Checkout) -> None:
    code, err = failed(served, "promote", "1", "--model-name", "wine")
    assert (code, err.split(".")[0]) == (2, 'Error: The registry holds no model named "wine"')
    out = succeeded(served, "models", "--model-name", "wine")
    assert out.startswith(
        'The registry holds no model named "wine". `python -m pipeline run --model-name wine` registers one.'
    )
    code, err = failed(served, "predict", "data/test.json", "--endpoint-name", "wine")
    assert (code, err.split(".")[0]) == (1, 'Error: Nothing is deployed on the endpoint "wine"')


def test_killed_services_come_back_as_they_were(served: Checkout) -> None:
    before = succeeded(served, "endpoints")
    kill_services(served)
    code, err = failed(served, "predict", "data/test.json")
    told = f"The local services are down: none work in {served.folder / '.local/vertex'}. Run `python -m pipeline up`."
    assert (code, err) == (2, f"Error: {told}\n")
    served.up()
    assert succeeded(served, "endpoints") == before
    # The model servers are started again meanwhile, which a slow machine takes longer for than a prediction may.
    _, out, _ = eventually(lambda: served.command("predict", "data/test.json"), lambda outcome: outcome[0] == 0)
    assert " versicolor " in out


# The last one: it leaves nothing to ask.
def test_undeploying_asks_first_and_leaves_nothing_deployed(served: Checkout) -> None:
    code, err = failed(served, "undeploy")
    assert (code, err.split(":")[1]) == (2, " `undeploy` takes one version off the endpoint, or all")
    before = succeeded(served, "endpoints")
    code, out, err = served.command("undeploy", "--all", given="n\n")
    assert (code, err) == (1, "Error: Nothing was changed.\n")
    whole = "Take version 2 (100 % of the traffic) off the endpoint iris-dnn? Nothing answers predictions then. Go on?"
    assert out == f"{whole} [y/N]: "
    assert failed_after_question(served, "undeploy", "--all")[0] == 2
    assert succeeded(served, "endpoints") == before
    code, out, _ = served.command("undeploy", "--all", given="y\n")
    assert code == 0
    assert out.endswith("Taken off: version 2.\n")
    assert succeeded(served, "undeploy", "--all") == "Nothing was deployed.\n"
    rows = [line.split() for line in succeeded(served, "endpoints").splitlines()]
    assert rows[1:] == [["iris-dnn", "nothing"], ["iris-dnn-smoke", "nothing"]]
    code, err = failed(served, "predict", "data/test.json")
    assert code == 1
    assert err.startswith('Error: Nothing is deployed on the endpoint "iris-dnn". Run `python -m pipeline run`, or ')
