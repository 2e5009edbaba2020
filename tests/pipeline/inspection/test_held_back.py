from __future__ import annotations

from pipeline.inspection.held_back import findings_of
from tests.pipeline.run_records import decision, rule

FACTS = {"learning_rate": "0.05", "less_learning_rate": "0.005", "schema": "schema.toml"}


def comparison(gain: float, low: float, high: float) -> dict[str, object]:
    return {"version": "3", "value": 0.9667, "gain": gain, "low": low, "high": high}


def test_floor_tells_the_gap_in_answers_and_what_was_confused() -> None:
    floor = rule("floor", False, 0.9, 0.95, "Accuracy is 0.9000 (27 of 30 rows); it must be at least 0.9500.")
    (finding,) = findings_of(decision(rule("finite", True, 0.1, None, "Finite."), floor), FACTS, is_local=True)
    assert finding.subject == "Rule floor"
    assert finding.text.splitlines() == [
        floor["sentence"],
        "It fell short of 0.9500 by 0.0500: 2 more right answers in 30 rows.",
        "Wrong answers: 2 of 10 versicolor taken for virginica; 1 of 10 virginica taken for versicolor.",
    ]
    assert finding.advice[-1] == "`--min-accuracy 0.9000` would have let it pass."


def test_gap_of_one_answer_is_not_rounded_to_two() -> None:
    floor = rule("floor", False, 28 / 30, 29 / 30, "s")
    (finding,) = findings_of(decision(floor), FACTS, is_local=True)
    assert finding.text.splitlines()[1] == "It fell short of 0.9667 by 0.0333: 1 more right answer in 30 rows."


def test_value_that_would_have_passed_is_never_above_the_models() -> None:
    (finding,) = findings_of(decision(rule("floor", False, 2 / 3, 0.9, "s")), FACTS, is_local=True)
    assert finding.advice[-1] == "`--min-accuracy 0.6666` would have let it pass."


def test_floor_of_another_metric_names_its_option_and_counts_no_rows() -> None:
    floor = rule("floor", False, 0.6, 0.7, "Recall of virginica is 0.6000.")
    record = decision({**floor, "low": 0.31, "high": 0.83}, gate_metric="recall:virginica")
    (finding,) = findings_of(record, FACTS, is_local=True)
    assert finding.text.splitlines()[1] == "It fell short of 0.7000 by 0.1000."
    assert finding.text.splitlines()[-1].startswith("That may be chance: the interval holds what was asked.")
    assert finding.advice[-1] == "`--gate-threshold 0.6000` would have let it pass."


def test_log_loss_exceeds_what_it_may_be() -> None:
    floor = {**rule("floor", False, 0.51234, 0.5, "Log loss is 0.5123."), "comparison": "<="}
    (finding,) = findings_of(decision(floor, gate_metric="log_loss"), FACTS, is_local=True)
    assert finding.text.splitlines()[1] == "It exceeds 0.5000 by 0.0123."
    assert finding.advice[-1] == "`--gate-threshold 0.5124` would have let it pass."


def test_champion_that_is_better_may_be_so_by_chance() -> None:
    record = decision(rule("champion", False, -1 / 30, 0.0, "s"), champion=comparison(-1 / 30, -0.1, 0.0333))
    (finding,) = findings_of(record, FACTS, is_local=True)
    assert finding.text.splitlines()[1:] == [
        "It fell short of 0.0000 by 0.0333: 1 more right answer in 30 rows.",
        "That may be chance: the interval holds what was asked. More evaluation rows would tell.",
    ]
    assert finding.advice == (
        "`--min-gain -0.0334` would have let it pass.",
        (
            "`python -m pipeline models` tells which run made version 3, and `python -m pipeline diff RUN RUN` what "
            "this one did otherwise."
        ),
    )


def test_champion_that_is_clearly_better_is_no_chance() -> None:
    record = decision(rule("champion", False, -0.3, 0.0, "s"), champion=comparison(-0.3, -0.4, -0.2))
    (finding,) = findings_of(record, FACTS, is_local=True)
    assert "chance" not in finding.text


def test_tie_names_the_option_that_lets_it_pass() -> None:
    record = decision(rule("champion", False, 0.0, 0.0, "a tie"), champion=comparison(0.0, 0.0, 0.0))
    (finding,) = findings_of(record, FACTS, is_local=True)
    assert finding.text == "a tie"
    assert finding.advice[0] == "`--promote-on-tie` would have let it pass."


def test_champion_that_cannot_be_evaluated_speaks_for_itself() -> None:
    sentence = "The champion, version 3, cannot be evaluated: it answers with NaN. Move the alias `champion`."
    (finding,) = findings_of(decision(rule("champion", False, None, None, sentence)), FACTS, is_local=True)
    assert (finding.text, finding.advice) == (sentence, ())


def test_loss_that_is_not_finite_has_the_remedy_of_a_diverged_training() -> None:
    sentence = "The loss of the model is NaN or infinite: it does not answer with probabilities."
    (finding,) = findings_of(decision(rule("finite", False, None, None, sentence)), FACTS, is_local=True)
    assert finding.advice[0] == "Lower the learning rate, which was 0.05: `--learning-rate 0.005`."


def test_constant_answer_is_told_by_its_recall() -> None:
    constant = rule("better_than_constant", False, 1 / 3, 1 / 3, "Mean recall is 0.3333; a constant has 0.3333.")
    (finding,) = findings_of(decision(constant), FACTS, is_local=True)
    assert finding.text.splitlines()[1] == "It must lie above 0.3333, which it only reaches."
    assert any(sentence.startswith("Train longer") for sentence in finding.advice)


def test_only_the_worst_confusions_are_told() -> None:
    matrix = [[5, 3, 2], [1, 8, 1], [0, 4, 6]]
    record = decision(rule("floor", False, 0.6, 0.9, "s"), confusion_matrix=matrix)
    (finding,) = findings_of(record, FACTS, is_local=True)
    assert finding.text.splitlines()[2] == (
        "Wrong answers: 4 of 10 virginica taken for versicolor; 3 of 10 setosa taken for versicolor; "
        "2 of 10 setosa taken for virginica, and others."
    )


def test_each_broken_rule_is_a_finding() -> None:
    record = decision(rule("floor", False, 0.6, 0.9, "a"), rule("champion", False, -0.1, 0.0, "b"))
    assert [finding.subject for finding in findings_of(record, FACTS, is_local=True)] == ["Rule floor", "Rule champion"]
