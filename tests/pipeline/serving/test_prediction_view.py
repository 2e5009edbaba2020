from __future__ import annotations

from typing import Any

from pipeline.serving.prediction import Answer
from pipeline.serving.prediction_view import answers_table, in_words, json_lines, question_and_answer, summary


def classified(name: str, **probabilities: float) -> dict[str, Any]:
    return {"class": name, "class_id": 1.0, "probabilities": probabilities}


SETOSA = classified("setosa", versicolor=0.25, setosa=0.75)
VERSICOLOR = classified("versicolor", setosa=0.00004, versicolor=0.99996)


def test_predictions_are_rows_with_the_version_below() -> None:
    assert answers_table([Answer(1, [SETOSA, VERSICOLOR], "2", "77")]).plain == (
        "Instance  Class       Probability  setosa  versicolor\n"
        "1         setosa           0.7500  0.7500      0.2500\n"
        "2         versicolor       1.0000  0.0000      1.0000\n"
        "\n"
        "answered by version 2, deployment 77."
    )


def test_requests_that_several_versions_answered_are_told_apart() -> None:
    answers = [Answer(1, [SETOSA, SETOSA], "1", "66"), Answer(3, [VERSICOLOR], "2", "77")]
    text = answers_table(answers).plain
    assert "\n3         versicolor " in text
    assert text.endswith(
        "Instances 1 to 2: answered by version 1, deployment 66.\n"
        "Instances 3 to 3: answered by version 2, deployment 77."
    )


def test_many_classes_are_left_to_json() -> None:
    many = {f"class {number}": 1 / 7 for number in range(7)}
    text = answers_table([Answer(1, [classified("class 3", **many)], "1", "66")]).plain
    assert text.splitlines()[:2] == ["Instance  Class    Probability", "1         class 3       0.1429"]


def test_predictions_of_another_kind_are_shown_as_json() -> None:
    text = answers_table([Answer(1, [3.0, {"class": "a"}], "1", "66")]).plain
    assert text.splitlines()[:3] == ["Instance  Prediction", "1         3", '2         {"class": "a"}']


def test_json_has_a_line_for_each_prediction_and_whole_numbers_as_such() -> None:
    answers = [Answer(1, [SETOSA], "1", "66"), Answer(2, [[1.0, "é"]], "1", "66")]
    assert list(json_lines(answers)) == [
        '{"class": "setosa", "class_id": 1, "probabilities": {"versicolor": 0.25, "setosa": 0.75}}',
        '[1, "é"]',
    ]


def test_question_is_told_in_short() -> None:
    asked = {"SepalLength": 5.099999904632568, "Colour": "red"}
    assert question_and_answer("iris", asked, Answer(1, [SETOSA], "1", "66")).plain == (
        "Asked of the endpoint iris: SepalLength 5.1, Colour red\n"
        "  setosa (0.7500)\n"
        "  answered by version 1, deployment 66."
    )


def test_prediction_is_a_class_with_its_probability() -> None:
    assert in_words(SETOSA) == "setosa (0.7500)"
    assert in_words([1.0]) == "[1]"


def test_many_predictions_are_told_by_their_classes_and_where_the_model_is_least_sure() -> None:
    answers = [Answer(1, [VERSICOLOR, SETOSA, VERSICOLOR], "2", "77")]
    assert summary(answers).plain == (
        "3 predictions: versicolor 2, setosa 1.\n"
        "Least sure: instance 2, setosa (0.7500); instance 1, versicolor (1.0000); instance 3, versicolor (1.0000).\n"
        "answered by version 2, deployment 77."
    )
    assert summary([Answer(1, [1.0, 2.0], "2", "77")]).plain.startswith("2 predictions.\nanswered by")
